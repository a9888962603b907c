<?php
// A webhook receiver, for php -S. It verifies the shared key (WEBHOOK_KEY) and
// writes what came, a line of JSON each, to a file (WEBHOOK_FILE). The answer is
// one of the documents' example responses.
$fields = str_starts_with($_SERVER['CONTENT_TYPE'] ?? '', 'application/json')
    ? json_decode(file_get_contents('php://input'), true)
    : $_POST;

header('Content-Type: application/json');
if (!hash_equals(getenv('WEBHOOK_KEY'), $fields['WEBHOOK_KEY'] ?? '')) {
    http_response_code(403);
    echo '{"status":"error","message":"Webhook update failed due to invalid input.","error_code":400}';
    return;
}
file_put_contents(getenv('WEBHOOK_FILE'), json_encode($fields) . "\n", FILE_APPEND);
echo '{"status":"success","message":"Webhook update processed successfully."}';
