-- title: What did the last security scans find?
-- about: The findings of the latest scan of each integration, the gravest first, with what to do.
-- parameters: integration=
-- needs: metrics.findings
SELECT severity, integration, platform, rule, title, detail, remedy, "at"
FROM metrics.findings
WHERE $integration IN ('', integration)
QUALIFY "at" = max("at") OVER (PARTITION BY _owner, integration)
ORDER BY list_position(['critical', 'high', 'medium', 'low', 'info'], severity), integration, rule;
