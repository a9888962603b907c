<?php
// ZELLE: the body is made by http_build_query [S2 l.871-880].
require __DIR__ . '/client.php';

function request(array $data): array
{
    $ch = curl_init(at('https://sandbox.dinaricash.com/send-money'));
    curl_setopt($ch, CURLOPT_RETURNTRANSFER, true);
    curl_setopt($ch, CURLOPT_SSL_VERIFYHOST, 0);
    curl_setopt($ch, CURLOPT_POSTFIELDS, body($data, 'urlencoded'));
    return send($ch);
}

$data = [
    'CORPORATE_ACCOUNT_ID' => $account,
    'GATEWAY_API_KEY' => $key,
    'SEND_METHOD' => 'ZELLE',
    'SEND_CURRENCY_ISO3' => 'USD',
    'SEND_AMOUNT' => 300.00,
    'RECIPIENT_ZELLE_ADDRESS' => 'ssmith@example.com',
    'PUBLIC_TRANSACTION_DESCRIPTION' => 'Payment for Invoice #11234',
    'CORPORATE_ADMINISTRATIVE_MESSAGE' => 'Follow-up with service upgrade.',
];
$keys = [
    'TRANSACTION_ID', 'TRANSACTION_DATETIME_CREATED', 'TRANSACTION_CURRENCY_ISO3', 'TRANSACTION_SEND_AMOUNT', 'TRANSACTION_STATUS',
    'GATEWAY_MESSAGE', 'TRANSACTION_SEND_METHOD', ...fees('SEND'), ...balances('TRANSACTION'), 'CORPORATE_ACCOUNT_ID',
];

foreach (['ssmith@example.com', '9175551212'] as $address) {
    [$status, $reply] = request(array_merge($data, ['RECIPIENT_ZELLE_ADDRESS' => $address]));
    same(200, $status, 'the status');
    holds($reply, ['status', 'message', 'data'], ['status' => 'success', 'message' => 'Transaction initiated successfully']);
    holds($reply['data'], $keys, [
        'TRANSACTION_SEND_AMOUNT' => 300.0,
        'TRANSACTION_STATUS' => 'INITIATED',
        'TRANSACTION_SEND_METHOD' => 'ZELLE',
        'SEND_FEE_PERCENTAGE' => 0.03,
        'SEND_FEE_TOTAL_AMOUNT' => 8.0,
    ]);
    hex($reply['data']['TRANSACTION_ID']);
}
same(1019.25, $reply['data']['FLOAT_BALANCE_AFTER_TRANSACTION'], 'the float balance');

[$status, $reply] = request(array_merge($data, ['SEND_AMOUNT' => 1000000.00]));
same(402, $status, 'the status without funds');
holds($reply, ['status', 'message', 'error_code', 'data'], ['status' => 'error', 'message' => 'Transaction failed', 'error_code' => 'TRANSACTION_FAILED']);
holds($reply['data'], $keys, ['TRANSACTION_STATUS' => 'FAILED', 'GATEWAY_MESSAGE' => 'Transaction failed due to insufficient funds.']);
