-- title: Are the platforms getting slower?
-- about: Milliseconds a call, by platform and day: the middle one, and the one that 95 of 100 calls stay below.
-- parameters: days=30 integration=
-- needs: metrics.api_calls
-- chart: day p95_ms platform
SELECT
    CAST("at" AS DATE) AS day,
    platform,
    count(*) AS calls,
    round(quantile_cont(ms, 0.5), 1) AS median_ms,
    round(quantile_cont(ms, 0.95), 1) AS p95_ms
FROM metrics.api_calls
WHERE $integration IN ('', integration) AND "at" > (SELECT max("at") FROM metrics.api_calls) - to_days($days)
GROUP BY ALL
ORDER BY day, platform;
