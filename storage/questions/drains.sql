-- title: How fast does data land?
-- about: Drains by day: segments and rows landed, rows a second, what went to quarantine.
-- parameters: days=30
-- needs: metrics.drains
-- chart: day rows
SELECT
    CAST("at" AS DATE) AS day,
    count(*) AS drains,
    sum(segments) AS segments,
    sum(rows) AS rows,
    round(sum(rows) / nullif(sum(seconds), 0)) AS rows_a_second,
    sum(quarantined) AS quarantined,
    sum(deleted) AS deleted,
    round(sum(bytes) / 1e6, 2) AS megabytes
FROM metrics.drains
WHERE "at" > (SELECT max("at") FROM metrics.drains) - to_days($days)
GROUP BY ALL
ORDER BY day;
