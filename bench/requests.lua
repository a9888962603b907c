-- Sends the requests of a file one after another, and from the first again at
-- their end. A request is its length, a line feed, and so many bytes.

local requests, sent = {}, 0

function init()
  local file = assert(io.open(os.getenv("BENCH_REQUESTS"), "rb"))
  for length in file:lines() do
    requests[#requests + 1] = file:read(tonumber(length))
  end
  file:close()
end

function request()
  sent = sent + 1
  return requests[(sent - 1) % #requests + 1]
end

-- Times are in microseconds.
function done(summary, latency)
  local e = summary.errors
  io.write(string.format("bench: %d %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.status, e.connect + e.read + e.write + e.timeout))
end
