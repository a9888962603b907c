<?php
// Shows balances, transactions and cards, cancels sends, and manages cards. See
// README.md.

declare(strict_types=1);

require __DIR__ . '/DinariCash.php';
require __DIR__ . '/pending.php';

const USAGE = <<<'TEXT'
usage: php account.php balance
       php account.php list [FROM [TO]]     e.g. 2026-01-01T00:00:00
       php account.php cancel TRANSACTION_ID
       php account.php cards
       php account.php card details|pause|unpause|cancel CARD_ACCOUNT_ID
TEXT;

function balance(DinariCash $cash): void
{
    $now = $cash->balance();
    echo "payout {$now['PAYOUT_BALANCE']}\nfloat {$now['FLOAT_BALANCE']}\nreserve {$now['RESERVE_BALANCE']}\n";
}

function transactions(DinariCash $cash, string $from = '', string $to = ''): void
{
    foreach ($cash->listTransactions(['DATETIME_START' => $from, 'DATETIME_END' => $to]) as $t) {
        echo "{$t['TRANSACTION_DATETIME_CREATED']} {$t['TRANSACTION_ID']} {$t['TRANSACTION_STATUS']} "
            . "{$t['TRANSACTION_SEND_AMOUNT']} {$t['TRANSACTION_CURRENCY_ISO3']}: {$t['GATEWAY_MESSAGE']}\n";
    }
}

function cancel(DinariCash $cash, string $id): void
{
    try {
        $done = $cash->cancel($id);
    } catch (DinariCashNoAnswer $e) {
        echo "no clear answer: {$e->getMessage()}\n";
        $status = askFor($cash, $id);
        if (strcasecmp($status, 'Canceled') !== 0) {
            throw new Stop("$id is $status: it was not canceled, run this again", Stop::NOT_DONE);
        }
        echo "$id Canceled\n";
        return;
    }
    $back = DinariCash::cents($done['PAYOUT_BALANCE_AFTER_CANCEL']) - DinariCash::cents($done['PAYOUT_BALANCE_BEFORE_CANCEL']);
    echo "$id {$done['TRANSACTION_STATUS']}, the fee is {$done['CANCEL_FEE_TOTAL_AMOUNT']}, payout moves by " . DinariCash::dollars($back) . "\n";
}

/** The status of a transaction when its cancel has no clear answer. */
function askFor(DinariCash $cash, string $id): string
{
    try {
        return $cash->transaction($id)['TRANSACTION_STATUS'] ?? 'not in the list';
    } catch (DinariCashError $e) {
        throw new Stop("nobody can say whether $id is canceled: {$e->getMessage()}", Stop::NOT_KNOWN);
    }
}

function cards(DinariCash $cash): void
{
    foreach ($cash->cards() as $card) {
        card($cash, 'details', $card);
    }
}

function card(DinariCash $cash, string $what, string $card): void
{
    $action = ['details' => 'GET_CARD_DETAILS', 'pause' => 'PAUSE_CARD', 'unpause' => 'UNPAUSE_CARD', 'cancel' => 'CANCEL_CARD'][$what]
        ?? throw new Stop(USAGE, Stop::WRONG_USAGE);
    try {
        $now = $cash->manageCards($action, $card);
    } catch (DinariCashNoAnswer $e) {
        if ($action !== 'CANCEL_CARD') {
            throw $e;
        }
        echo "no clear answer: {$e->getMessage()}\n";
        $now = $cash->manageCards('GET_CARD_DETAILS', $card);
    }
    echo "$card {$now['CARD_STATUS']} {$now['CARD_BALANCE']} {$now['CARD_CURRENCY_ISO3']}\n";
    if ($action === 'CANCEL_CARD' && $now['CARD_STATUS'] !== 'CANCELED') {
        throw new Stop('it was not canceled, run this again', Stop::NOT_DONE);
    }
    foreach ($what === 'details' ? $now['LIST_TANSACTIONS'] : [] as $bought) {
        echo "  {$bought['TRANSACTION_DATETIME_CREATED']} {$bought['AMOUNT']} {$bought['TRANSACTION_STATUS']}\n";
    }
}

program('account', function (): void {
    global $argv;
    $args = array_slice($argv, 2);
    $run = match (($argv[1] ?? '') . ' ' . count($args)) {
        'balance 0' => balance(...),
        'list 0', 'list 1', 'list 2' => transactions(...),
        'cancel 1' => cancel(...),
        'cards 0' => cards(...),
        'card 2' => card(...),
        default => throw new Stop(USAGE, Stop::WRONG_USAGE),
    };
    $run(dinariCash(), ...$args);
});
