<?php
// A client of Dinari Cash: all eight calls of its API. It needs PHP 8.1 or newer
// with the curl extension, and nothing else.

declare(strict_types=1);

/** What keeps a call from doing what was asked for. */
abstract class DinariCashError extends RuntimeException
{
}

/** Dinari Cash has refused. */
final class DinariCashRefused extends DinariCashError
{
    /** What the refusal says of the call, by the documented keys. */
    public readonly array $details;

    /** $reply is the whole answer; some calls have "details" in it, others "data". */
    public function __construct(public readonly int $status, public readonly array $reply)
    {
        $this->details = $reply['details'] ?? $reply['data'] ?? [];
        $text = $this->details['GATEWAY_ERROR'] ?? $this->details['GATEWAY_MESSAGE'] ?? $reply['message'] ?? 'no reason given';
        parent::__construct("$status $text");
    }

    /**
     * What a send has taken from the payout balance although it was refused, "0.00"
     * as it should be. The documents' own example of a failed SWIFT shows such a one.
     */
    public function taken(): string
    {
        $before = $this->details['PAYOUT_BALANCE_BEFORE_TRANSACTION'] ?? '';
        $after = $this->details['PAYOUT_BALANCE_AFTER_TRANSACTION'] ?? '';
        if ($before === '' || $after === '') {
            return '0.00';
        }
        return DinariCash::dollars(DinariCash::cents($before) - DinariCash::cents($after));
    }
}

/** The call has not left this machine, so nothing was done. */
final class DinariCashUnreachable extends DinariCashError
{
}

/** The call has left, and no clear answer came: it may have been done, or not. */
final class DinariCashNoAnswer extends DinariCashError
{
}

/**
 * The calls. Each returns the "data" of a success by the documented keys, all of
 * them texts: amounts are never floats. Each throws a DinariCashError otherwise.
 */
final class DinariCash
{
    public const SANDBOX = 'https://sandbox.dinaricash.com';
    public const PRODUCTION = 'https://production.dinaricash.com';

    /** Where each call goes, and whether the documents send it as multipart/form-data. */
    private const CALLS = [
        'ach' => ['/', true],
        'card_load' => ['/send-transaction', false],
        'manage_cards' => ['/manage-cards', false],
        'swift' => ['/swift-transfer', true],
        'zelle' => ['/send-money', false],
        'list_transactions' => ['/list-transactions', false],
        'cancel' => ['/transaction/status', true],
        'balance' => ['/account/balance', true],
    ];

    /**
     * $timeout is how many seconds a call may take, $retryWait how many pass before
     * the first of three more tries of one that may be repeated; it doubles.
     */
    public function __construct(
        private readonly string $account,
        #[SensitiveParameter] private readonly string $key,
        private readonly string $baseUrl = self::SANDBOX,
        private readonly float $timeout = 30,
        private readonly float $retryWait = 1,
    ) {
    }

    /**
     * Sends by ACH. The recipient has RECIPIENT_FULL_NAME, RECIPIENT_BANK_ACCOUNT and
     * RECIPIENT_BANK_ROUTING, nine digits.
     *
     * This and the other three sends are never repeated by themselves when their
     * answer is lost: take a mark() before, and look with sentSince() what became of it.
     */
    public function ach(string $amount, array $recipient): array
    {
        return $this->send('ach', 'ACH', $amount, $recipient);
    }

    /** Loads a virtual card: RECIPIENT_FULL_NAME, RECIPIENT_EMAILADDRESS, and RECIPIENT_ACCOUNT_ID once it is known. */
    public function cardLoad(string $amount, array $recipient): array
    {
        return $this->send('card_load', 'CARD_VIRTUAL', $amount, $recipient);
    }

    /** Sends by SWIFT; the documents list what a recipient and their bank have. */
    public function swift(string $amount, array $recipient): array
    {
        return $this->send('swift', 'SWIFT', $amount, $recipient);
    }

    /** Sends by Zelle: RECIPIENT_ZELLE_ADDRESS, an e-mail address or ten digits of a phone. */
    public function zelle(string $amount, array $recipient): array
    {
        return $this->send('zelle', 'ZELLE', $amount, $recipient);
    }

    /** The balances, and what time it is at Dinari Cash. */
    public function balance(): array
    {
        return $this->call('balance', [], true);
    }

    /**
     * The transactions that a filter selects, newest first: CUSTOMER_ID,
     * TRANSACTION_ID, TRANSACTION_DIRECTION, LIST_ORDER, DATETIME_START, DATETIME_END.
     */
    public function listTransactions(array $filter = []): array
    {
        return $this->call('list_transactions', $filter, true)['TRANSACTION_LIST_ARRAY'];
    }

    /** One transaction as the list has it, null if it is not there. */
    public function transaction(string $id): ?array
    {
        return $this->listTransactions(['TRANSACTION_ID' => $id])[0] ?? null;
    }

    /** Cancels a send. A second cancel is refused, so it is not repeated: ask for the transaction(). */
    public function cancel(string $transactionId): array
    {
        return $this->call('cancel', ['TRANSACTION_ID' => $transactionId], false);
    }

    /** The ids of all cards. */
    public function cards(): array
    {
        return $this->manageCards('GET_CARD_LIST')['LIST_CARDS'];
    }

    /** $action is one of GET_CARD_LIST, GET_CARD_DETAILS, PAUSE_CARD, UNPAUSE_CARD and CANCEL_CARD. */
    public function manageCards(string $action, string $card = ''): array
    {
        $fields = ['CARD_ACCOUNT_ID' => $card, 'SERVICE_ACTION' => $action];
        return $this->call('manage_cards', $fields, $action !== 'CANCEL_CARD');
    }

    /**
     * Where the list of transactions stands. Dinari Cash knows no idempotency keys, and
     * its list does not name recipients: a send whose answer was lost is the one of its
     * amount that is in the list now and was not before. So send one at a time.
     */
    public function mark(): array
    {
        $since = str_replace(' ', 'T', $this->balance()['GATEWAY_DATETIME']);
        return ['since' => $since, 'seen' => array_column($this->outgoing($since), 'TRANSACTION_ID')];
    }

    /** The send of an amount that was made since a mark; null if there is none. */
    public function sentSince(array $mark, string $amount): ?array
    {
        $new = array_values(array_filter($this->outgoing($mark['since']), fn (array $sent): bool =>
            !in_array($sent['TRANSACTION_ID'], $mark['seen'], true)
            && self::cents($sent['TRANSACTION_SEND_AMOUNT']) === self::cents($amount)));
        if (count($new) > 1) {
            throw new DinariCashNoAnswer('several sends of ' . $amount . ' USD are new: ' . implode(', ', array_column($new, 'TRANSACTION_ID')));
        }
        return $new[0] ?? null;
    }

    /** An amount in cents, to compare and subtract: "300", "300.5" and "300.50" are amounts. */
    public static function cents(string $amount): int
    {
        if (!preg_match('/^(-?)(\d{1,15})(?:\.(\d{1,2})0*)?$/D', $amount, $m)) {
            throw new InvalidArgumentException("\"$amount\" is no amount of dollars and cents");
        }
        $cents = (int) $m[2] * 100 + (int) str_pad($m[3] ?? '', 2, '0');
        return $m[1] === '-' ? -$cents : $cents;
    }

    /** Cents as an amount: 30050 is "300.50". */
    public static function dollars(int $cents): string
    {
        return sprintf('%s%d.%02d', $cents < 0 ? '-' : '', intdiv(abs($cents), 100), abs($cents) % 100);
    }

    private function outgoing(string $since): array
    {
        return $this->listTransactions(['TRANSACTION_DIRECTION' => 'OUTGOING', 'DATETIME_START' => $since]);
    }

    private function send(string $call, string $method, string $amount, array $recipient): array
    {
        $fields = ['SEND_METHOD' => $method, 'SEND_CURRENCY_ISO3' => 'USD', 'SEND_AMOUNT' => $amount];
        return $this->call($call, $fields + $recipient, false);
    }

    /** A call. What has done nothing is tried again, and what may be repeated also when its answer was lost. */
    private function call(string $name, array $fields, bool $repeatable): array
    {
        for ($try = 0; ; $try++) {
            try {
                return $this->once($name, $fields);
            } catch (DinariCashError $e) {
                $passes = match (true) {
                    $e instanceof DinariCashRefused => $e->status === 429, // too many requests
                    $e instanceof DinariCashUnreachable => true,
                    default => $repeatable,
                };
                if (!$passes || $try === 3) {
                    throw $e;
                }
                usleep((int) ($this->retryWait * 1e6 * 2 ** $try));
            }
        }
    }

    private function once(string $name, array $fields): array
    {
        [$path, $multipart] = self::CALLS[$name];
        $credentials = $name === 'ach' // it has names of its own
            ? ['PUBLIC_KEY' => $this->account, 'API_SECRET' => $this->key]
            : ['CORPORATE_ACCOUNT_ID' => $this->account, 'GATEWAY_API_KEY' => $this->key];
        $fields = array_filter($credentials + $fields, fn (string $value): bool => $value !== '');
        $curl = curl_init();
        curl_setopt_array($curl, [
            CURLOPT_URL => $this->baseUrl . $path,
            CURLOPT_POSTFIELDS => $multipart ? $fields : http_build_query($fields),
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_CONNECTTIMEOUT_MS => (int) (min($this->timeout, 10) * 1000),
            CURLOPT_TIMEOUT_MS => (int) ($this->timeout * 1000),
            CURLOPT_SSL_VERIFYPEER => true, // the documents' programs turn these off: do not
            CURLOPT_SSL_VERIFYHOST => 2,
        ]);
        $body = curl_exec($curl);
        if ($body === false) {
            throw curl_getinfo($curl, CURLINFO_REQUEST_SIZE) > 0
                ? new DinariCashNoAnswer(curl_error($curl))
                : new DinariCashUnreachable(curl_error($curl));
        }
        return self::read(curl_getinfo($curl, CURLINFO_RESPONSE_CODE), $body);
    }

    /** The data of a success. An answer that is neither that nor a refusal says nothing about what was done. */
    private static function read(int $http, string $body): array
    {
        $reply = self::decode($body);
        if ($http < 300 && ($reply['status'] ?? '') === 'success') {
            return $reply['data'] ?? [];
        }
        // Zelle's error_code is a word, SWIFT has none.
        $status = max($http, (int) ($reply['error_code'] ?? 0));
        if (($reply['status'] ?? '') === 'error' && $status < 500) {
            throw new DinariCashRefused($status, $reply);
        }
        throw new DinariCashNoAnswer("$http " . ($reply['message'] ?? 'and no JSON of Dinari Cash'));
    }

    /** JSON with its numbers as texts, as they were written; null if it is none. */
    private static function decode(string $json): ?array
    {
        $texts = preg_replace('/"(?:[^"\\\\]++|\\\\.)*+"(*SKIP)(*FAIL)|-?\d[\d.eE+-]*/', '"$0"', $json);
        $reply = json_decode($texts ?? '', true);
        return is_array($reply) ? $reply : null;
    }
}
