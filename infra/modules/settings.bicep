// The settings that an operator may give, all as text. settings.md has their meanings and defaults.
@export()
@sealed()
type AppSettings = {
  Access__LogInFailures: string?
  Access__LogInFailuresPerAddress: string?
  Access__LogInWindowSeconds: string?
  Access__LogInTokenHours: string?
  Access__ForwardedHops: string?
  Access__ClientTokenMinutes: string?
  Access__MaxTokenDays: string?
  Limits__RequestsPerMinute: string?
  Limits__RequestsInFlight: string?
  Limits__RefusalsPerMinute: string?
  Oidc__Issuer: string?
  Oidc__Audience: string?
  Oidc__UserClaim: string?
  Oidc__CreateUsers: string?
  Oidc__TimeoutSeconds: string?
  Stores__AllowPrivateEndpoints: string?
  Stores__WebIdentityEndpoint: string?
  Stores__AssumableRoles: string?
  Stores__HostBuckets: string?
  Http__PublicUrl: string?
  Http__CorsOrigins: string?
  Datums__DownloadSeconds: string?
  Datums__HashAtOnceBytes: string?
  Datums__HashSeconds: string?
  Datums__HashesInFlight: string?
  Datums__HashWaitSeconds: string?
  Datums__HashWaits: string?
  Adoption__MaxBodyBytes: string?
  Adoption__MaxUrls: string?
  Adoption__RunBytes: string?
  Adoption__RunUrls: string?
  Adoption__WindowKeys: string?
  Adoption__WindowsPerRange: string?
  Adoption__MessagesPerJob: string?
  Adoption__JobsPerProject: string?
  Adoption__RangeSeconds: string?
  Adoption__RangesPerJob: string?
  Adoption__WorkersPerStore: string?
  Adoption__RequestsPerSecondOfStore: string?
  Adoption__StalledSeconds: string?
  Adoption__WindowsAtOnce: string?
  Adoption__MessagesPerStore: string?
  Adoption__TableRequestsInFlight: string?
  Adoption__HeadsInFlight: string?
  Adoption__ResultDays: string?
  Rescans__Schedule: string?
  Rescans__KeptReports: string?
  DataVolumes__AgentSilenceSeconds: string?
  DataVolumes__MaxPerProject: string?
  OTEL_EXPORTER_OTLP_ENDPOINT: string?
  OTEL_EXPORTER_OTLP_PROTOCOL: string?
  // If it contains a key, give a reference to the vault: @Microsoft.KeyVault(SecretUri=…).
  OTEL_EXPORTER_OTLP_HEADERS: string?
  OTEL_SERVICE_NAME: string?
}
