<?php
// Card load: the body is made by http_build_query [S2 l.258-271].
require __DIR__ . '/client.php';

function request(array $data): array
{
    $ch = curl_init();
    curl_setopt($ch, CURLOPT_URL, at('https://production.dinaricash.com/send-transaction'));
    curl_setopt($ch, CURLOPT_RETURNTRANSFER, true);
    curl_setopt($ch, CURLOPT_SSL_VERIFYHOST, 0);
    curl_setopt($ch, CURLOPT_SSL_VERIFYPEER, 0);
    curl_setopt($ch, CURLOPT_POST, true);
    curl_setopt($ch, CURLOPT_POSTFIELDS, body($data, 'urlencoded'));
    return send($ch);
}

$data = [
    'CORPORATE_ACCOUNT_ID' => $account,
    'GATEWAY_API_KEY' => $key,
    'SEND_METHOD' => 'CARD_VIRTUAL',
    'SEND_CURRENCY_ISO3' => 'USD',
    'SEND_AMOUNT' => 300.00,
    'RECIPIENT_FULL_NAME' => 'Sage Smith',
    'RECIPIENT_EMAILADDRESS' => 'ssmith@example.com',
    'RECIPIENT_ACCOUNT_ID' => '',
    'PUBLIC_TRANSACTION_DESCRIPTION' => 'Payment for Invoice #11234',
    'CORPORATE_ADMINISTRATIVE_MESSAGE' => 'Follow-up with service upgrade.',
];
$keys = [
    'TRANSACTION_ID', 'TRANSACTION_DATETIME_CREATED', 'TRANSACTION_CURRENCY_ISO3', 'TRANSACTION_SEND_AMOUNT', 'TRANSACTION_STATUS',
    'GATEWAY_MESSAGE', 'TANSACTION_SEND_METHOD', ...fees('SEND'), ...balances('TRANSACTION'), 'RECIPIENT_ACCOUNT_ID', 'CARD_ACCOUNT_ID',
    'RECIPIENT_CARD_NUMBER', 'RECIPIENT_CARD_CVV', 'RECIPIENT_CARD_EXPIRATION_DATE', 'CORPORATE_ACCOUNT_ID',
];

[$status, $reply] = request($data);
same(200, $status, 'the status');
holds($reply, ['status', 'message', 'data'], ['status' => 'success', 'message' => 'Transaction completed successfully.']);
holds($reply['data'], $keys, [
    'TRANSACTION_SEND_AMOUNT' => 300.0,
    'TRANSACTION_STATUS' => 'Completed',
    'GATEWAY_MESSAGE' => 'Transaction processed successfully.',
    'TANSACTION_SEND_METHOD' => 'CARD_VIRTUAL',
    'SEND_FEE_TOTAL_AMOUNT' => 12.5,
    'RECIPIENT_CARD_CVV' => '***',
    'RECIPIENT_CARD_EXPIRATION_DATE' => '01/28',
]);
hex($reply['data']['CARD_ACCOUNT_ID']);
same(1, preg_match('/^411111\*{6}[0-9]{4}$/', $reply['data']['RECIPIENT_CARD_NUMBER']), 'the form of the card number');

// The recipient is known now: the same card is loaded.
$first = $reply['data'];
[$status, $reply] = request(array_merge($data, ['RECIPIENT_ACCOUNT_ID' => $first['RECIPIENT_ACCOUNT_ID']]));
same(200, $status, 'the status of the reload');
same($first['CARD_ACCOUNT_ID'], $reply['data']['CARD_ACCOUNT_ID'], 'the card');

[$status, $reply] = request(array_merge($data, ['SEND_AMOUNT' => 1000000.00]));
same(402, $status, 'the status without funds');
holds($reply, ['status', 'message', 'error_code', 'details'], ['status' => 'error', 'error_code' => 402]);
holds($reply['details'], $keys, ['TRANSACTION_STATUS' => 'Failed', 'GATEWAY_MESSAGE' => 'Insufficient balance.', 'CARD_ACCOUNT_ID' => $first['CARD_ACCOUNT_ID']]);
