<?php
// Balance: the body is an array [S2 l.1234-1246].
require __DIR__ . '/client.php';

function request(array $data): array
{
    $ch = curl_init(at('https://sandbox.dinaricash.com/account/balance'));
    curl_setopt($ch, CURLOPT_RETURNTRANSFER, true);
    curl_setopt($ch, CURLOPT_SSL_VERIFYHOST, 0);
    curl_setopt($ch, CURLOPT_POSTFIELDS, body($data, 'multipart'));
    return send($ch);
}

$data = ['CORPORATE_ACCOUNT_ID' => $account, 'GATEWAY_API_KEY' => $key];

[$status, $reply] = request($data);
same(200, $status, 'the status');
holds($reply, ['status', 'message', 'data'], ['status' => 'success', 'message' => 'Account balance retrieved successfully.']);
holds($reply['data'], [
    'GATEWAY_DATETIME', 'CORPORATE_ACCOUNT_ID', 'ACCOUNT_SERVICE_STATUS', 'ACCOUNT_CURRENCY_ISO3', 'PAYOUT_BALANCE', 'FLOAT_BALANCE', 'RESERVE_BALANCE',
], [
    'GATEWAY_DATETIME' => '2025-01-08 12:34:56',
    'CORPORATE_ACCOUNT_ID' => $account,
    'ACCOUNT_SERVICE_STATUS' => 'LIVE',
    'ACCOUNT_CURRENCY_ISO3' => 'USD',
    'PAYOUT_BALANCE' => 50111.1,
    'FLOAT_BALANCE' => 1022.25,
    'RESERVE_BALANCE' => 100000.0,
]);

[$status, $reply] = request(array_merge($data, ['GATEWAY_API_KEY' => 'wrong']));
same(400, $status, 'the status with a wrong key');
holds($reply, ['status', 'message', 'error_code', 'data'], ['status' => 'error', 'message' => 'Failed to retrieve account balance.', 'error_code' => 400]);
holds($reply['data'], ['GATEWAY_DATETIME', 'CORPORATE_ACCOUNT_ID', 'GATEWAY_ERROR'], ['GATEWAY_ERROR' => 'Invalid Corporate Account ID or Gateway API Key.']);
