-- title: How do the audiences grow?
-- about: Members and unsubscribed of each Mailchimp audience by day, with open and click rates in percent.
-- parameters: days=90
-- needs: mailchimp.audiences_daily
-- chart: day members audience
SELECT
    _day AS day,
    name AS audience,
    member_count AS members,
    member_count - lag(member_count) OVER (PARTITION BY _owner, _integration, id ORDER BY _day) AS gained,
    unsubscribe_count AS unsubscribed,
    open_rate,
    click_rate
FROM mailchimp.audiences_daily
WHERE _day > (SELECT max(_day) FROM mailchimp.audiences_daily) - CAST($days AS INTEGER)
ORDER BY day, audience;
