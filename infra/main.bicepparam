using 'main.bicep'

// Other parameters have their defaults, which main.bicep describes.
param name = 'registry'
param instanceMemoryMB = 2048
param maximumInstanceCount = 100
param privateNetwork = false
param alertEmail = ''
param webIdentityAudience = ''
param settings = {}

// Only `deploy` sets these, and only in a resource group that has none yet.
param storesSecretKey = readEnvironmentVariable('STORES_SECRET_KEY', '')
param signingKey = readEnvironmentVariable('ACCESS_SIGNING_KEY', '')
param administratorToken = readEnvironmentVariable('ACCESS_ADMINISTRATOR_TOKEN', '')
