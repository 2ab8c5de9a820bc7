-- title: Which calls take longest?
-- about: Paths by the milliseconds that 95 of 100 of their calls stay below.
-- parameters: days=7
-- needs: metrics.api_calls
SELECT
    platform,
    method,
    path,
    count(*) AS calls,
    round(quantile_cont(ms, 0.5), 1) AS median_ms,
    round(quantile_cont(ms, 0.95), 1) AS p95_ms,
    round(max(ms), 1) AS longest_ms,
    round(sum(ms) / 1000, 1) AS seconds_in_all
FROM metrics.api_calls
WHERE "at" > (SELECT max("at") FROM metrics.api_calls) - to_days($days)
GROUP BY ALL
ORDER BY p95_ms DESC;
