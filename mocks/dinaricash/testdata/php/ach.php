<?php
// ACH: the body is an array, the URL has no path [S2 l.61-70]. Credentials have
// names of their own [S2 l.35-36].
require __DIR__ . '/client.php';

function request(array $data): array
{
    $ch = curl_init(at('https://production.dinaricash.com/'));
    curl_setopt($ch, CURLOPT_RETURNTRANSFER, true);
    curl_setopt($ch, CURLOPT_SSL_VERIFYHOST, 0);
    curl_setopt($ch, CURLOPT_POSTFIELDS, body($data, 'multipart'));
    return send($ch);
}

$data = [
    'PUBLIC_KEY' => $account,
    'API_SECRET' => $key,
    'SEND_METHOD' => 'ACH',
    'SEND_CURRENCY_ISO3' => 'USD',
    'SEND_AMOUNT' => 100.00,
    'RECIPIENT_FULL_NAME' => 'John Doe',
    'RECIPIENT_BANK_ACCOUNT' => '1234567890',
    'RECIPIENT_BANK_ROUTING' => '987654321',
    'PUBLIC_TRANSACTION_DESCRIPTION' => 'Payment for T-shirt purchase',
    'CORPORATE_ADMINISTRATIVE_MESSAGE' => 'Payment for order #12345',
];

[$status, $reply] = request($data);
same(200, $status, 'the status');
holds($reply, ['status', 'message', 'data'], ['status' => 'success', 'message' => 'Transaction processed successfully.']);
holds($reply['data'], [
    'TRANSACTION_ID', 'TRANSACTION_DATETIME_CREATED', 'TRANSACTION_CURRENCY_ISO3', 'TRANSACTION_SEND_AMOUNT', 'TRANSACTION_STATUS',
    'GATEWAY_MESSAGE', 'TANSACTION_SEND_METHOD', ...fees('SEND'), ...balances('TRANSACTION'), 'CORPORATE_ACCOUNT_ID',
], [
    'TRANSACTION_DATETIME_CREATED' => '2025-01-08T12:34:56Z',
    'TRANSACTION_CURRENCY_ISO3' => 'USD',
    'TRANSACTION_SEND_AMOUNT' => 100.0,
    'TRANSACTION_STATUS' => 'Completed',
    'GATEWAY_MESSAGE' => 'Transaction processed successfully',
    'TANSACTION_SEND_METHOD' => 'Bank Transfer',
    'SEND_FEE_FIXED_AMOUNT' => 5.0,
    'SEND_FEE_PERCENTAGE' => 2.5,
    'SEND_FEE_PERCENTAGE_AMOUNT' => 2.5,
    'SEND_FEE_TOTAL_AMOUNT' => 7.5,
    'PAYOUT_BALANCE_BEFORE_TRANSACTION' => 50111.1,
    'PAYOUT_BALANCE_AFTER_TRANSACTION' => 50003.6,
    'FLOAT_BALANCE_AFTER_TRANSACTION' => 914.75,
    'RESERVE_BALANCE_AFTER_TRANSACTION' => 99990.0,
    'CORPORATE_ACCOUNT_ID' => $account,
]);
hex($reply['data']['TRANSACTION_ID']);

[$status, $reply] = request(array_merge($data, ['SEND_AMOUNT' => 1000000.00]));
same(402, $status, 'the status without funds');
holds($reply, ['status', 'message', 'error_code', 'details'], [
    'status' => 'error', 'message' => 'Transaction failed due to insufficient balance.', 'error_code' => 402,
]);
holds($reply['details'], ['TRANSACTION_ID', 'TRANSACTION_DATETIME_CREATED', 'TRANSACTION_STATUS', 'GATEWAY_MESSAGE', 'CORPORATE_ACCOUNT_ID'], [
    'TRANSACTION_STATUS' => 'Failed', 'GATEWAY_MESSAGE' => 'Insufficient balance in account',
]);
