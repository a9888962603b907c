<?php
// Cancel: the body is an array [S2 l.1133-1145]. The transaction to cancel is the
// first argument.
require __DIR__ . '/client.php';

function request(array $data): array
{
    $ch = curl_init();
    curl_setopt($ch, CURLOPT_URL, at('https://sandbox.dinaricash.com/transaction/status'));
    curl_setopt($ch, CURLOPT_RETURNTRANSFER, true);
    curl_setopt($ch, CURLOPT_SSL_VERIFYHOST, 0);
    curl_setopt($ch, CURLOPT_SSL_VERIFYPEER, 0);
    curl_setopt($ch, CURLOPT_POST, true);
    curl_setopt($ch, CURLOPT_POSTFIELDS, body($data, 'multipart'));
    return send($ch);
}

$data = ['CORPORATE_ACCOUNT_ID' => $account, 'GATEWAY_API_KEY' => $key, 'TRANSACTION_ID' => $argv[1]];

[$status, $reply] = request($data);
same(200, $status, 'the status');
holds($reply, ['status', 'message', 'data'], ['status' => 'success', 'message' => 'Transaction canceled successfully.']);
holds($reply['data'], [
    'TRANSACTION_ID', 'TRANSACTION_DATETIME_CREATED', 'TRANSACTION_CURRENCY_ISO3', 'SEND_AMOUNT', 'TRANSACTION_STATUS', 'GATEWAY_MESSAGE',
    'TRANSACTION_SEND_METHOD', ...fees('SEND'), ...fees('CANCEL'), ...balances('CANCEL'), 'CORPORATE_ACCOUNT_ID',
], [
    'TRANSACTION_ID' => $argv[1],
    'SEND_AMOUNT' => 300.0,
    'TRANSACTION_STATUS' => 'Canceled',
    'GATEWAY_MESSAGE' => 'Success! The transaction has been canceled.',
    'TRANSACTION_SEND_METHOD' => 'ACH',
    'SEND_FEE_TOTAL_AMOUNT' => 12.5,
    'CANCEL_FEE_PERCENTAGE' => 0.05,
    'CANCEL_FEE_TOTAL_AMOUNT' => 20.0,
    'PAYOUT_BALANCE_BEFORE_CANCEL' => 49798.6,
    'PAYOUT_BALANCE_AFTER_CANCEL' => 50078.6,
]);

[$status, $reply] = request($data);
same(403, $status, 'the status of the second cancel');
holds($reply, ['status', 'message', 'error_code', 'details'], ['status' => 'error', 'message' => 'Transaction cancellation failed.', 'error_code' => 403]);
holds($reply['details'], ['TRANSACTION_ID', 'GATEWAY_ERROR', ...balances('CANCEL'), 'CORPORATE_ACCOUNT_ID'], ['GATEWAY_ERROR' => 'Transaction cannot be canceled.']);
