<?php
// Manage cards: the body is made by http_build_query [S2 l.395-408]. The card to
// look at is the first argument.
require __DIR__ . '/client.php';

function request(array $data): array
{
    $ch = curl_init();
    curl_setopt($ch, CURLOPT_URL, at('https://production.dinaricash.com/manage-cards'));
    curl_setopt($ch, CURLOPT_RETURNTRANSFER, true);
    curl_setopt($ch, CURLOPT_SSL_VERIFYHOST, 0);
    curl_setopt($ch, CURLOPT_SSL_VERIFYPEER, 0);
    curl_setopt($ch, CURLOPT_POST, true);
    curl_setopt($ch, CURLOPT_POSTFIELDS, body($data, 'urlencoded'));
    return send($ch);
}

$card = $argv[1];
$keys = [
    'GATEWAY_DATETIME', 'CARD_ACCOUNT_ID', 'CARD_DATETIME_CREATED', 'CARD_CURRENCY_ISO3', 'CARD_BALANCE', 'CARD_STATUS',
    'LIST_CARDS', 'LIST_TANSACTIONS', 'CORPORATE_ACCOUNT_ID',
];
$data = [
    'CORPORATE_ACCOUNT_ID' => $account,
    'GATEWAY_API_KEY' => $key,
    'CARD_ACCOUNT_ID' => $card,
    'SERVICE_ACTION' => 'GET_CARD_LIST',
];

[$status, $reply] = request($data);
same(200, $status, 'the status');
holds($reply, ['status', 'message', 'data'], ['status' => 'success', 'message' => 'Transaction processed successfully.']);
holds($reply['data'], $keys, ['CARD_ACCOUNT_ID' => $card, 'CARD_BALANCE' => 287.21, 'CARD_STATUS' => 'ACTIVE', 'LIST_CARDS' => [$card]]);
holds($reply['data']['LIST_TANSACTIONS'][0], ['TRANSACTION_ID', 'AMOUNT', 'TRANSACTION_STATUS', 'TRANSACTION_DATETIME_CREATED'], ['AMOUNT' => 12.79]);

foreach (['PAUSE_CARD' => 'PAUSED', 'UNPAUSE_CARD' => 'ACTIVE', 'GET_CARD_DETAILS' => 'ACTIVE'] as $action => $state) {
    [$status, $reply] = request(array_merge($data, ['SERVICE_ACTION' => $action]));
    same(200, $status, "the status of $action");
    holds($reply['data'], $keys, ['CARD_STATUS' => $state]);
}

unset($data['CORPORATE_ACCOUNT_ID']);
[$status, $reply] = request($data);
same(400, $status, 'the status without an account');
holds($reply, ['status', 'message', 'error_code', 'details'], [
    'status' => 'error', 'message' => 'Transaction failed due to missing Corporate Account ID.', 'error_code' => 400,
]);
holds($reply['details'], ['TRANSACTION_ID', 'TRANSACTION_DATETIME_CREATED', 'TRANSACTION_STATUS', 'GATEWAY_MESSAGE', 'GATEWAY_ERROR', 'CORPORATE_ACCOUNT_ID'], [
    'TRANSACTION_STATUS' => 'Failed', 'GATEWAY_MESSAGE' => 'Missing CORPORATE_ACCOUNT_ID', 'GATEWAY_ERROR' => 'Missing CORPORATE_ACCOUNT_ID',
]);
