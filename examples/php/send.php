<?php
// Sends money once, and waits until it is there or has come back. See README.md.

declare(strict_types=1);

require __DIR__ . '/DinariCash.php';
require __DIR__ . '/pending.php';

/** A send by one of the four methods. */
final class Send
{
    private string $last = ''; // the status that was printed last

    public function __construct(
        private readonly DinariCash $cash,
        private readonly Pending $pending,
        private readonly array $order, // method, amount, recipient
        private readonly float $patience,
        private readonly float $interval, // between two looks at the list
    ) {
    }

    /** Goes on with what an earlier run has left, or begins. */
    public function run(): void
    {
        $left = $this->pending->left;
        if ($left !== null && $left['order'] !== $this->order) {
            throw new Stop("{$this->pending->path} holds a send of {$left['order']['amount']} by {$left['order']['method']} that has no end yet: "
                . 'finish that one, or set DINARICASH_STORE', Stop::WRONG_USAGE);
        }
        if ($left !== null) {
            echo "a send of {$this->order['amount']} is from an earlier run\n";
        }
        $id = $left['id'] ?? null;
        $mark = $left['mark'] ?? $this->cash->mark();
        $id ??= $left === null ? null : $this->trace($mark);
        for ($tries = 1; $id === null; $tries++) {
            if ($tries > 3) {
                throw new Stop('Dinari Cash gave no clear answer three times, and its list has no such send', Stop::NOT_KNOWN);
            }
            $this->pending->keep(['order' => $this->order, 'mark' => $mark]);
            $id = $this->execute($mark);
        }
        $this->pending->keep(['order' => $this->order, 'mark' => $mark, 'id' => $id]);
        $this->follow($id);
    }

    /** Sends. Returns the transaction's id, null if nothing was sent. */
    private function execute(array $mark): ?string
    {
        ['method' => $method, 'amount' => $amount, 'recipient' => $recipient] = $this->order;
        try {
            $sent = match ($method) {
                'ach' => $this->cash->ach($amount, $recipient),
                'card' => $this->cash->cardLoad($amount, $recipient),
                'swift' => $this->cash->swift($amount, $recipient),
                'zelle' => $this->cash->zelle($amount, $recipient),
            };
        } catch (DinariCashNoAnswer $e) {
            echo "no clear answer: {$e->getMessage()}\n";
            return $this->trace($mark);
        } catch (DinariCashRefused $e) {
            $this->pending->forget();
            if (DinariCash::cents($e->taken()) !== 0) {
                throw new Stop("{$e->getMessage()}; yet {$e->taken()} USD have left the payout balance for {$e->details['TRANSACTION_ID']}: "
                    . 'ask Dinari Cash before you send again', Stop::NOT_KNOWN);
            }
            throw $e;
        } catch (DinariCashUnreachable $e) {
            $this->pending->forget();
            throw new Stop("{$e->getMessage()}; nothing was sent", Stop::NOT_DONE);
        }
        $this->report($sent);
        return $sent['TRANSACTION_ID'];
    }

    private function report(array $sent): void
    {
        $amount = DinariCash::dollars(DinariCash::cents($sent['TRANSACTION_SEND_AMOUNT']));
        $fee = DinariCash::dollars(DinariCash::cents($sent['SEND_FEE_TOTAL_AMOUNT']));
        echo "{$sent['TRANSACTION_ID']} takes $amount and a fee of $fee\n";
        if (isset($sent['CARD_ACCOUNT_ID'])) {
            echo "card {$sent['CARD_ACCOUNT_ID']} {$sent['RECIPIENT_CARD_NUMBER']} of {$sent['RECIPIENT_ACCOUNT_ID']}\n";
        }
    }

    /** Looks in the list for a send whose answer was lost. Only if it is not there is another safe. */
    private function trace(array $mark): ?string
    {
        try {
            for ($looks = 1; ; $looks++) {
                $sent = $this->cash->sentSince($mark, $this->order['amount']);
                if ($sent !== null || $looks === 3) {
                    break;
                }
                $this->wait(); // it may still be on its way
            }
        } catch (DinariCashError $e) {
            throw new Stop("nobody can say whether it was sent: {$e->getMessage()}; run this again to look once more", Stop::NOT_KNOWN);
        }
        if ($sent !== null) {
            echo "the list has it: {$sent['TRANSACTION_ID']}\n";
        }
        return $sent['TRANSACTION_ID'] ?? null;
    }

    /** Waits for the end of a send. */
    private function follow(string $id): void
    {
        $deadline = microtime(true) + $this->patience;
        for (;;) {
            $now = $this->look($id);
            $status = ucfirst(strtolower($now['TRANSACTION_STATUS']));
            if ($status !== $this->last) {
                echo "$id $status\n";
            }
            $this->last = $status;
            if ($status !== 'Initiated') {
                break;
            }
            if (microtime(true) > $deadline) {
                throw new Stop("$id is still $status after $this->patience s: do not send otherwise, run this again to go on waiting", Stop::NOT_KNOWN);
            }
            $this->wait();
        }
        $this->pending->forget();
        if ($status !== 'Completed') {
            throw new Stop("the send was $status: {$now['GATEWAY_MESSAGE']}", Stop::NOT_DONE);
        }
    }

    private function look(string $id): array
    {
        try {
            $now = $this->cash->transaction($id);
        } catch (DinariCashError $e) {
            throw new Stop("it was sent as $id, but its status is not known: {$e->getMessage()}; run this again to ask once more", Stop::NOT_KNOWN);
        }
        return $now ?? throw new Stop("$id was accepted and is not in the list: ask Dinari Cash", Stop::NOT_KNOWN);
    }

    private function wait(): void
    {
        usleep((int) ($this->interval * 1e6));
    }
}

const USAGE = 'usage: php send.php ach|card|swift|zelle AMOUNT RECIPIENT_…=… …';

/** The order on the command line. */
function order(array $args): array
{
    [$method, $amount] = [...$args, '', ''];
    if (!in_array($method, ['ach', 'card', 'swift', 'zelle'], true) || count($args) < 3) {
        throw new Stop(USAGE, Stop::WRONG_USAGE);
    }
    if (!preg_match('/^\d{1,12}(\.\d{1,2})?$/D', $amount) || DinariCash::cents($amount) === 0) {
        throw new Stop("\"$amount\" is no amount of dollars and cents", Stop::WRONG_USAGE);
    }
    $recipient = [];
    foreach (array_slice($args, 2) as $arg) {
        [$name, $value] = [...explode('=', $arg, 2), null];
        if ($value === null) {
            throw new Stop("\"$arg\" has no =; " . USAGE, Stop::WRONG_USAGE);
        }
        $recipient[$name] = $value;
    }
    return ['method' => $method, 'amount' => $amount, 'recipient' => $recipient];
}

program('send', function (): void {
    global $argv;
    $order = order(array_slice($argv, 1));
    $cash = dinariCash();
    $pending = new Pending(env('DINARICASH_STORE', 'dinaricash-send.json'));
    (new Send($cash, $pending, $order, seconds('DINARICASH_TIMEOUT', '300'), seconds('DINARICASH_POLL', '2')))->run();
});
