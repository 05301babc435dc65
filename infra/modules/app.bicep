// The app: a Flex Consumption plan and site, without keys. It runs as one identity. The platform installs and reads its
// package as another one.
import { AppSettings } from 'settings.bicep'

param name string
param location string
param instanceMemoryMB int
param maximumInstanceCount int
param alwaysReadyInstances int
param identityId string
param identityClientId string
param deploymentIdentityId string
param storageAccount string
param packageContainer string
param vaultUri string
param applicationInsights string
param subnetId string
param publicAccess bool
param webIdentityAudience string
param settings AppSettings

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
      '${deploymentIdentityId}': {}
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
            userAssignedIdentityResourceId: deploymentIdentityId
          }
        }
      }
      runtime: {
        name: 'dotnet-isolated'
        version: '10.0'
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

// No deployment uses a password.
resource scmPublishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: site
  name: 'scm'
  properties: {
    allow: false
  }
}

resource ftpPublishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: site
  name: 'ftp'
  properties: {
    allow: false
  }
}

resource appSettings 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: site
  name: 'appsettings'
  // Links in answers use the site's own name, unless the settings give another.
  properties: union({ Http__PublicUrl: 'https://${site.properties.defaultHostName}' }, settings, {
    // Storage, for the host and the app alike.
    AzureWebJobsStorage__blobServiceUri: account.properties.primaryEndpoints.blob
    AzureWebJobsStorage__queueServiceUri: account.properties.primaryEndpoints.queue
    AzureWebJobsStorage__tableServiceUri: account.properties.primaryEndpoints.table
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: identityClientId

    // Secrets: references that the platform resolves with the same identity.
    Stores__SecretKey: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/stores-secret-key)'
    Access__SigningKey: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/access-signing-key)'
    Access__AdministratorToken: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/access-administrator-token)'

    Stores__WebIdentityAudience: webIdentityAudience

    // The host's own settings. Its limit is above the app's, whose 413 gives the reason; the host's answer would be an
    // empty 500.
    FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '120000000'
    AzureWebJobsDisableHomepage: 'true'

    // Both the host and the app read these.
    APPLICATIONINSIGHTS_CONNECTION_STRING: applicationInsights
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD;ClientId=${identityClientId}'
  })
}

output id string = site.id
output name string = site.name
output hostName string = site.properties.defaultHostName
