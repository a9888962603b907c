<?php
// SWIFT: the body is an array [S2 l.709-718].
require __DIR__ . '/client.php';

function request(array $data): array
{
    $ch = curl_init(at('https://sandbox.dinaricash.com/swift-transfer'));
    curl_setopt($ch, CURLOPT_RETURNTRANSFER, true);
    curl_setopt($ch, CURLOPT_SSL_VERIFYHOST, 0);
    curl_setopt($ch, CURLOPT_POSTFIELDS, body($data, 'multipart'));
    return send($ch);
}

$data = [
    'CORPORATE_ACCOUNT_ID' => $account,
    'GATEWAY_API_KEY' => $key,
    'SEND_METHOD' => 'SWIFT',
    'SEND_CURRENCY_ISO3' => 'USD',
    'SEND_AMOUNT' => 300.00,
    'RECIPIENT_FULL_NAME' => 'Sage Smith',
    'RECIPIENT_STREET_1' => '123 Street',
    'RECIPIENT_STREET_2' => 'Apt 700',
    'RECIPIENT_CITY' => 'Los Angeles',
    'RECIPIENT_REGION' => 'California',
    'RECIPIENT_POSTAL_CODE' => '98210',
    'RECIPIENT_COUNTRY_ISO3' => 'USA',
    'RECIPIENT_BANK_ACCOUNT' => '1234567890',
    'RECIPIENT_BANK_ROUTING' => 'AAAABBCC123',
    'RECIPIENT_BANK_NAME' => 'Citibank',
    'RECIPIENT_BANK_STREET_1' => '123 Street Address',
    'RECIPIENT_BANK_STREET_2' => 'Suite 1',
    'RECIPIENT_BANK_CITY' => 'Los Angeles',
    'RECIPIENT_BANK_REGION' => 'California',
    'RECIPIENT_BANK_COUNTRY_ISO3' => 'USA',
    'PUBLIC_TRANSACTION_DESCRIPTION' => 'Payment for Invoice #11234',
    'CORPORATE_ADMINISTRATIVE_MESSAGE' => 'Follow-up with service upgrade.',
];
$keys = [
    'TRANSACTION_ID', 'TRANSACTION_DATETIME_CREATED', 'TRANSACTION_CURRENCY_ISO3', 'TRANSACTION_SEND_AMOUNT', 'TRANSACTION_STATUS',
    'GATEWAY_MESSAGE', 'TRANSACTION_SEND_METHOD', ...fees('SEND'), ...balances('TRANSACTION'), 'CORPORATE_ACCOUNT_ID',
];

[$status, $reply] = request($data);
same(200, $status, 'the status');
holds($reply, ['status', 'message', 'data'], ['status' => 'success', 'message' => 'Transaction has been initiated successfully.']);
holds($reply['data'], $keys, [
    'TRANSACTION_DATETIME_CREATED' => '2025-01-08 12:34:56',
    'TRANSACTION_SEND_AMOUNT' => 300, // written as short as it can be, PHP reads an integer
    'TRANSACTION_STATUS' => 'INITIATED',
    'GATEWAY_MESSAGE' => 'Success! The transaction has been initiated.',
    'TRANSACTION_SEND_METHOD' => 'SWIFT',
    'SEND_FEE_FIXED_AMOUNT' => 5,
    'SEND_FEE_PERCENTAGE' => 0.03,
    'SEND_FEE_PERCENTAGE_AMOUNT' => 3,
    'SEND_FEE_TOTAL_AMOUNT' => 8,
    'PAYOUT_BALANCE_AFTER_TRANSACTION' => 49803.1,
    'RESERVE_BALANCE_AFTER_TRANSACTION' => 100000,
]);
hex($reply['data']['TRANSACTION_ID']);

[$status, $reply] = request(array_merge($data, ['SEND_AMOUNT' => 1000000.00]));
same(402, $status, 'the status without funds');
holds($reply, ['status', 'message', 'data'], ['status' => 'error', 'message' => 'Transaction failed due to insufficient funds or other error.']);
holds($reply['data'], $keys, ['TRANSACTION_STATUS' => 'FAILED', 'GATEWAY_MESSAGE' => 'Transaction failed. Please try again later.']);
