<?php

use PHPUnit\Framework\TestCase;

final class PayoutsTest extends TestCase
{
    private string $id = 'default';
    private array $providers = [];

    // workspace begins a world of its own for a test: credentials, balances,
    // clock, journal, webhooks. If the test dies, its ttl removes it.
    private function workspace(array $spec = []): void
    {
        $made = $this->control('POST', 'workspaces', $spec + ['ttl' => '10m']);
        ['id' => $this->id, 'providers' => $this->providers] = $made;
        $this->control('POST', 'clock', ['freeze' => true]);
    }

    protected function tearDown(): void
    {
        $this->control('DELETE', "workspaces/$this->id");
    }

    public function testFailedPayoutIsRefunded(): void
    {
        $this->workspace(['scenario' => 'failed-payment-refund']);
        $this->assertSame(200, $this->payOut());
        $this->assertSame('9948.75', $this->balance());
        $this->control('POST', 'clock', ['advance' => '5s']);
        $this->assertSame('9998.75', $this->balance());
    }

    public function testPayoutWithoutFunds(): void
    {
        $this->workspace();
        $this->control('PATCH', 'balances', ['dinardragon' => ['USD' => '5']]);
        $this->assertSame(403, $this->payOut());
        $this->assertSame('5', $this->balance());
    }

    public function testSendIsTold(): void
    {
        $this->workspace();
        $this->assertSame(200, $this->send());
        $this->assertSame(['INITIATED'], $this->told());
        $this->control('POST', 'clock', ['advance' => '5s']);
        $this->assertSame(['INITIATED', 'COMPLETED'], $this->told());
    }

    // payOut is your code: it pays 50 dollars by Dinar Dragon.
    private function payOut(): int
    {
        ['base_url' => $url, 'credentials' => $account] = $this->providers['dinardragon'];
        $key = ['Authorization: ' . $account['private_key']];
        [$status, $answer] = $this->call('POST', "$url/get-authcode", json_encode(['amount' => 50, 'accounts' => [
            ['acc' => 123456789, 'amount' => 50, 'bank' => 'somebank', 'country' => 'US', 'recipientname' => 'somename'],
        ]]), $key);
        if ($status === 200) {
            [$status] = $this->call('POST', "$url/execute", json_encode(['authcode' => $answer['authcode']]), $key);
        }
        return $status;
    }

    // send is your code: it sends 300 dollars by Dinari Cash.
    private function send(): int
    {
        ['base_url' => $url, 'credentials' => $account] = $this->providers['dinaricash'];
        return $this->call('POST', "$url/send-money", [
            'CORPORATE_ACCOUNT_ID' => $account['corporate_account_id'],
            'GATEWAY_API_KEY' => $account['gateway_api_key'],
            'SEND_METHOD' => 'ZELLE', 'SEND_CURRENCY_ISO3' => 'USD', 'SEND_AMOUNT' => '300',
            'RECIPIENT_ZELLE_ADDRESS' => 'ssmith@example.com',
        ])[0];
    }

    private function balance(): string
    {
        return $this->control('GET', 'balances')['dinardragon']['USD'];
    }

    // told is what the webhooks of Dinari Cash say, oldest first.
    private function told(): array
    {
        $log = $this->control('GET', 'webhooks')['webhooks'];
        return array_reverse(array_column(array_column($log, 'payload'), 'TRANSACTION_STATUS'));
    }

    // control calls the control API for the workspace.
    private function control(string $method, string $path, ?array $body = null): ?array
    {
        $mockpay = getenv('MOCKPAY_URL') ?: 'http://127.0.0.1:4402';
        $url = "$mockpay/_mockpay/$path?workspace=$this->id";
        [$status, $answer] = $this->call($method, $url, $body === null ? null : json_encode($body ?: (object) []));
        $this->assertLessThan(300, $status, "$method $path: " . json_encode($answer));
        return $answer;
    }

    // call returns the status and the JSON of an answer.
    private function call(string $method, string $url, array|string|null $body, array $headers = []): array
    {
        $curl = curl_init($url);
        $options = [CURLOPT_CUSTOMREQUEST => $method, CURLOPT_HTTPHEADER => $headers, CURLOPT_RETURNTRANSFER => true];
        curl_setopt_array($curl, $body === null ? $options : $options + [CURLOPT_POSTFIELDS => $body]);
        $answer = curl_exec($curl);
        return [curl_getinfo($curl, CURLINFO_RESPONSE_CODE), json_decode((string) $answer, true)];
    }
}
