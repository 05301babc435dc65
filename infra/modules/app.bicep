// The app: a Flex Consumption plan and site, which run as one identity and have no key of their own.
import { AppSettings } from 'settings.bicep'

param name string
param location string
param hostingModel string
param instanceMemoryMB int
param maximumInstanceCount int
param alwaysReadyInstances int
param identityId string
param identityClientId string
param storageAccount string
param packageContainer string
param vaultUri string
param applicationInsights string
param subnetId string
param publicAccess bool
param webIdentityAudience string
param settings AppSettings

// The host's own image has no version of a custom handler; Flex Consumption wants this one named.
var runtimeVersions = {
  custom: '1.0'
  'dotnet-isolated': '10.0'
}

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: storageAccount
}

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: name
  location: location
  kind: 'functionapp'
  sku: {
    tier: 'FlexConsumption'
    name: 'FC1'
  }
  properties: {
    reserved: true
  }
}

resource site 'Microsoft.Web/sites@2024-04-01' = {
  name: name
  location: location
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${account.properties.primaryEndpoints.blob}${packageContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: hostingModel
        version: runtimeVersions[hostingModel]
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReadyInstances == 0
          ? []
          : [
              {
                name: 'http'
                instanceCount: alwaysReadyInstances
              }
            ]
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
    }
  }
}

// Nobody deploys with a password.
resource publishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = [
  for policy in ['scm', 'ftp']: {
    parent: site
    name: policy
    properties: {
      allow: false
    }
  }
]

resource appSettings 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: site
  name: 'appsettings'
  // Links in answers name the site, whatever a request calls it, unless the settings name another.
  properties: union({ Http__PublicUrl: 'https://${site.properties.defaultHostName}' }, settings, {
    // Storage, for the host and the app alike.
    AzureWebJobsStorage__blobServiceUri: account.properties.primaryEndpoints.blob
    AzureWebJobsStorage__queueServiceUri: account.properties.primaryEndpoints.queue
    AzureWebJobsStorage__tableServiceUri: account.properties.primaryEndpoints.table
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: identityClientId

    // Secrets: references that the platform follows, as the same identity.
    Stores__SecretKey: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/stores-secret-key)'
    Access__SigningKey: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/access-signing-key)'
    Access__AdministratorToken: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/access-administrator-token)'

    Stores__WebIdentityAudience: webIdentityAudience

    // The host and the app read these.
    APPLICATIONINSIGHTS_CONNECTION_STRING: applicationInsights
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD;ClientId=${identityClientId}'
  })
}

output id string = site.id
output name string = site.name
output hostName string = site.properties.defaultHostName
