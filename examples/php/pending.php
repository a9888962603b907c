<?php
// What is under way, kept in a file, and how a program ends that has to say that it
// is not sure.

declare(strict_types=1);

/** An end with an exit code of its own. */
final class Stop extends Exception
{
    public const NOT_DONE = 1;
    public const WRONG_USAGE = 2;
    public const NOT_KNOWN = 3;
}

/** A variable of the environment, or what it is otherwise; without that it must be set. */
function env(string $name, ?string $otherwise = null): string
{
    $value = getenv($name);
    if ($value === false || $value === '') {
        return $otherwise ?? throw new Stop("$name is not set", Stop::WRONG_USAGE);
    }
    return $value;
}

/** A variable that holds seconds. */
function seconds(string $name, string $otherwise): float
{
    $value = env($name, $otherwise);
    return is_numeric($value) && $value >= 0 ? (float) $value : throw new Stop("$name is no number of seconds: $value", Stop::WRONG_USAGE);
}

/**
 * A file that holds what is under way, for a next run to go on with, and nothing once
 * the end is known. While it is open no other run can open it.
 */
final class Pending
{
    /** What an earlier run has left. */
    public readonly ?array $left;

    /** @var resource */
    private $file;

    public function __construct(public readonly string $path)
    {
        umask(0077);
        $file = @fopen($path, 'c+') ?: throw new Stop("$path cannot be written", Stop::WRONG_USAGE);
        if (!flock($file, LOCK_EX | LOCK_NB)) {
            throw new Stop("$path belongs to a run that has not ended: sends are made one at a time", Stop::WRONG_USAGE);
        }
        $this->file = $file;
        $text = (string) stream_get_contents($file);
        $this->left = $text === '' ? null : json_decode($text, true) ?? throw new Stop("$path holds no send", Stop::WRONG_USAGE);
    }

    /** Keeps what is under way. It is on the disk when this returns. */
    public function keep(array $now): void
    {
        $this->write(json_encode($now, JSON_THROW_ON_ERROR));
    }

    public function forget(): void
    {
        $this->write('');
    }

    private function write(string $text): void
    {
        $written = rewind($this->file) && ftruncate($this->file, 0) && fwrite($this->file, $text) === strlen($text) && fsync($this->file);
        if (!$written) {
            throw new RuntimeException("$this->path cannot be written");
        }
    }
}

/** Runs a program, says on stderr why it did not succeed, and exits. */
function program(string $name, callable $main): never
{
    try {
        $main();
        exit(0);
    } catch (Stop $e) {
        $code = $e->getCode();
    } catch (Exception $e) {
        $code = Stop::NOT_DONE;
    }
    fwrite(STDERR, "$name: {$e->getMessage()}\n");
    exit($code);
}

/** The client, from the environment. */
function dinariCash(): DinariCash
{
    return new DinariCash(
        env('DINARICASH_ACCOUNT'),
        env('DINARICASH_KEY'),
        rtrim(env('DINARICASH_BASE_URL', DinariCash::SANDBOX), '/'),
        seconds('DINARICASH_CALL_TIMEOUT', '30'),
        seconds('DINARICASH_RETRY', '1'),
    );
}
