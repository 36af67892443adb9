-- Asks for the addresses given after `--`, turn by turn, and prints what came of it as one line of JSON.
local asked, at = {}, 0

function init(addresses)
   for place, address in ipairs(addresses) do
      asked[place] = wrk.format("GET", address)
   end
end

function request()
   at = at % #asked + 1
   return asked[at]
end

function done(summary, latency, _)
   local errors = summary.errors
   local lost = errors.connect + errors.read + errors.write + errors.timeout
   io.write(string.format(
      '{"requests":%d,"seconds":%.6f,"p50":%.4f,"p99":%.4f,"refused":%d,"lost":%d}\n',
      summary.requests, summary.duration / 1e6,
      latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, errors.status, lost))
end
