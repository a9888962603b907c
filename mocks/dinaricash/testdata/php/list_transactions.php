<?php
// List: the body is made by http_build_query [S2 l.1039-1053]. The transaction to
// look for is the first argument.
require __DIR__ . '/client.php';

function request(array $data): array
{
    $ch = curl_init();
    curl_setopt($ch, CURLOPT_URL, at('https://production.dinaricash.com/list-transactions'));
    curl_setopt($ch, CURLOPT_POST, true);
    curl_setopt($ch, CURLOPT_POSTFIELDS, body($data, 'urlencoded'));
    curl_setopt($ch, CURLOPT_RETURNTRANSFER, true);
    curl_setopt($ch, CURLOPT_SSL_VERIFYHOST, 0);
    curl_setopt($ch, CURLOPT_SSL_VERIFYPEER, 0);
    return send($ch);
}

$data = [
    'CORPORATE_ACCOUNT_ID' => $account,
    'GATEWAY_API_KEY' => $key,
    'CUSTOMER_ID' => '',
    'TRANSACTION_ID' => '',
    'TRANSACTION_DIRECTION' => 'OUTGOING',
    'LIST_ORDER' => 'DESCENDING',
    'DATETIME_START' => '2020-01-01T00:00:00',
    'DATETIME_END' => '2025-01-08T23:59:59',
];

[$status, $reply] = request($data);
same(200, $status, 'the status');
holds($reply, ['status', 'message', 'data'], ['status' => 'success', 'message' => 'Transaction list fetched successfully.']);
holds($reply['data'], ['GATEWAY_DATETIME', 'CORPORATE_ACCOUNT_ID', 'CUSTOMER_ID', 'TRANSACTION_LIST_ARRAY'], ['GATEWAY_DATETIME' => '2025-01-08 12:34:56', 'CUSTOMER_ID' => '']);
$rows = $reply['data']['TRANSACTION_LIST_ARRAY'];
same(2, count($rows), 'the number of transactions');
$keys = ['TRANSACTION_ID', 'TRANSACTION_DATETIME_CREATED', 'TRANSACTION_STATUS', 'TRANSACTION_CURRENCY_ISO3', 'TRANSACTION_SEND_AMOUNT', 'GATEWAY_MESSAGE'];
holds($rows[0], $keys, ['TRANSACTION_STATUS' => 'Failed', 'TRANSACTION_SEND_AMOUNT' => 1000000.0, 'GATEWAY_MESSAGE' => 'Insufficient balance in account']);
holds($rows[1], $keys, ['TRANSACTION_ID' => $argv[1], 'TRANSACTION_STATUS' => 'Completed', 'TRANSACTION_CURRENCY_ISO3' => 'USD', 'TRANSACTION_SEND_AMOUNT' => 250.75]);

[$status, $reply] = request(array_merge($data, ['TRANSACTION_ID' => $argv[1]]));
same([$rows[1]], $reply['data']['TRANSACTION_LIST_ARRAY'], 'the one transaction');

[$status, $reply] = request(array_merge($data, ['DATETIME_START' => '2020-01-01']));
same(400, $status, 'the status of a malformed date');
holds($reply, ['status', 'message', 'error_code', 'details'], ['status' => 'error', 'message' => 'Failed to fetch transaction list.', 'error_code' => 400]);
holds($reply['details'], ['GATEWAY_DATETIME', 'CORPORATE_ACCOUNT_ID', 'CUSTOMER_ID', 'GATEWAY_ERROR'], ['GATEWAY_ERROR' => 'Invalid DATETIME_START']);
