-- title: How much of each API do we use?
-- about: Calls, rows and bytes by integration and day, with the calls that were held back by a limit.
-- parameters: days=30
-- needs: metrics.api_calls
-- chart: day calls integration
SELECT
    CAST("at" AS DATE) AS day,
    integration,
    platform,
    count(*) AS calls,
    count(*) FILTER (attempt > 1) AS again,
    count(*) FILTER (disposition = 'rate_limited') AS held_back,
    sum(rows) AS rows,
    round(sum(bytes) / 1e6, 2) AS megabytes
FROM metrics.api_calls
WHERE "at" > (SELECT max("at") FROM metrics.api_calls) - to_days($days)
GROUP BY ALL
ORDER BY day, integration;
