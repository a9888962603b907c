<?php
// What the programs share. The environment says where the mock listens
// (MOCKPAY_ADDRESS), who calls (MOCKPAY_ACCOUNT, MOCKPAY_KEY), and, if a body is
// not to be encoded as the documents do, how (MOCKPAY_ENCODING).
declare(strict_types=1);

error_reporting(E_ALL);
ini_set('display_errors', 'stderr');
set_error_handler(function (int $level, string $message, string $file, int $line) {
    throw new ErrorException($message, 0, $level, $file, $line);
});

$account = getenv('MOCKPAY_ACCOUNT');
$key = getenv('MOCKPAY_KEY');

// at is a documented URL without TLS.
function at(string $url): string
{
    return str_replace('https://', 'http://', $url);
}

// body is what goes into CURLOPT_POSTFIELDS: an array, which PHP sends as
// multipart/form-data, or what http_build_query makes of it.
function body(array $data, string $documented): array|string
{
    return (getenv('MOCKPAY_ENCODING') ?: $documented) === 'multipart' ? $data : http_build_query($data);
}

// send executes a request at the mock, whatever host its URL names, and returns
// HTTP status and reply.
function send(CurlHandle $ch): array
{
    $host = parse_url(curl_getinfo($ch, CURLINFO_EFFECTIVE_URL), PHP_URL_HOST);
    curl_setopt($ch, CURLOPT_CONNECT_TO, ["$host:80:" . getenv('MOCKPAY_ADDRESS')]);
    curl_setopt($ch, CURLOPT_TIMEOUT, 30);
    $response = curl_exec($ch);
    if ($response === false) {
        fail('no answer: ' . curl_error($ch));
    }
    $status = curl_getinfo($ch, CURLINFO_RESPONSE_CODE);
    $reply = json_decode($response, true, 512, JSON_THROW_ON_ERROR);
    curl_close($ch);
    return [$status, $reply];
}

function fail(string $why): never
{
    echo $why, "\n";
    exit(1);
}

// same checks a value and its type.
function same(mixed $want, mixed $got, string $what): void
{
    if ($want !== $got) {
        fail("$what is " . var_export($got, true) . ', not ' . var_export($want, true));
    }
}

// holds checks the keys of an object, their order, and some of their values.
function holds(array $object, array $keys, array $values): void
{
    same($keys, array_keys($object), 'the keys');
    foreach ($values as $name => $want) {
        same($want, $object[$name], $name);
    }
}

// hex checks an id.
function hex(string $id): void
{
    same(1, preg_match('/^[0-9a-f]{32}$/', $id), "the form of the id $id");
}

// fees and balances are keys that sends have in common.
function fees(string $of): array
{
    return ["{$of}_FEE_FIXED_AMOUNT", "{$of}_FEE_PERCENTAGE", "{$of}_FEE_PERCENTAGE_AMOUNT", "{$of}_FEE_TOTAL_AMOUNT"];
}

function balances(string $what): array
{
    return [
        "PAYOUT_BALANCE_BEFORE_$what", "PAYOUT_BALANCE_AFTER_$what", "FLOAT_BALANCE_BEFORE_$what",
        "FLOAT_BALANCE_AFTER_$what", "RESERVE_BALANCE_BEFORE_$what", "RESERVE_BALANCE_AFTER_$what",
    ];
}
