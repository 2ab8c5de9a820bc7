-- title: How many rows came, by platform and day?
-- about: Records that arrived from each platform, whether new, changed or seen again.
-- parameters: days=30
-- needs: landed.segments
-- chart: day rows platform
SELECT
    CAST(landed_at AS DATE) AS day,
    platform,
    sum(rows) AS rows,
    count(DISTINCT integration) AS integrations
FROM landed.segments
WHERE platform <> 'metrics' AND landed_at > (SELECT max(landed_at) FROM landed.segments) - to_days($days)
GROUP BY ALL
ORDER BY day, platform;
