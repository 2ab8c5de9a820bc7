-- title: How does the number of followers grow?
-- about: Followers of each X account by day, and the difference to the day before.
-- parameters: days=90
-- needs: x.account
-- chart: day followers username
SELECT
    _day AS day,
    username,
    followers_count AS followers,
    followers_count - lag(followers_count) OVER (PARTITION BY _owner, _integration, id ORDER BY _day) AS gained,
    following_count AS following,
    tweet_count AS posts
FROM x.account
WHERE _day > (SELECT max(_day) FROM x.account) - CAST($days AS INTEGER)
ORDER BY day, username;
