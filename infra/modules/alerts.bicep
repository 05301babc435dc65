// The alerts. Names of functions and metrics, and texts of log lines, are those of the code; tests compare them.
// host.json must not sample the rows that are counted here. Requests by status are counted by their metric: `requests`
// has each request twice, from the host and from the app.
param name string
param location string
param applicationInsightsId string
param email string

var rules = [
  {
    name: 'poison-messages'
    description: 'Poison functions received messages that had failed too often.'
    severity: 2
    threshold: 0
    query: 'requests | where name in ("AdoptPoison", "HashPoison")'
  }
  {
    name: 'unreadable-messages'
    description: 'The queue unreadable-poison received messages that cannot be read.'
    severity: 2
    threshold: 0
    query: 'traces | where message has "cannot be read and is kept in"'
  }
  {
    name: 'failed-jobs'
    description: 'Adoption jobs failed, or some of their inputs did.'
    severity: 2
    threshold: 0
    query: 'traces | where message matches regex "Job [^ ]+ failed:" or message has "is given up:"'
  }
  {
    name: 'drift'
    description: 'A scan found adopted objects that are changed or missing.'
    severity: 3
    threshold: 0
    query: 'customMetrics | where name == "dataregistry.scan.drift" and customDimensions["kind"] in ("changed", "missing")'
  }
  {
    name: 'stalled-jobs'
    description: 'Jobs made no progress and got new messages.'
    severity: 3
    threshold: 0
    query: 'traces | where message has "made no progress since"'
  }
  {
    name: 'failed-functions'
    description: 'Queue or timer functions failed; their messages come again.'
    severity: 3
    threshold: 0
    query: 'requests | where success == false and name in ("AdoptRange", "HashDatum", "RescanStores", "ResumeAdoptions", "CollectJobs")'
  }
  {
    name: 'server-errors'
    description: 'More than ten requests in 15 minutes were answered with 5xx.'
    severity: 2
    threshold: 0
    query: 'customMetrics | where name == "http.server.request.duration" and toint(customDimensions["http.response.status_code"]) >= 500 | summarize failed = sum(valueCount) | where failed > 10'
  }
]

resource action 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: '${name}-operators'
  location: 'global'
  properties: {
    groupShortName: take(name, 12)
    enabled: true
    emailReceivers: [
      {
        name: 'operators'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource alert 'Microsoft.Insights/scheduledQueryRules@2023-03-15-preview' = [
  for rule in rules: {
    name: '${name}-${rule.name}'
    location: location
    properties: {
      displayName: '${name}: ${rule.name}'
      description: rule.description
      severity: rule.severity
      enabled: true
      scopes: [applicationInsightsId]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT15M'
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: rule.threshold
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      autoMitigate: true
      actions: {
        actionGroups: empty(email) ? [] : [action.id]
      }
    }
  }
]
