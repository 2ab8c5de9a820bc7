-- title: How does the store of files grow?
-- about: Dropbox files by the day they were last changed on the server, and the sum of what lives.
-- parameters: days=365
-- needs: dropbox.entries
-- chart: day megabytes
WITH days AS (
    SELECT CAST(server_modified AS DATE) AS day, count(*) AS changed, sum(size) AS bytes
    FROM dropbox.entries
    WHERE kind = 'file' AND _deleted_at IS NULL AND server_modified IS NOT NULL
    GROUP BY day
)
SELECT
    day,
    changed,
    sum(changed) OVER (ORDER BY day) AS files,
    round(sum(bytes) OVER (ORDER BY day) / 1e6, 2) AS megabytes
FROM days
QUALIFY day > (SELECT max(day) FROM days) - CAST($days AS INTEGER)
ORDER BY day;
