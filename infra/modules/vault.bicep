// The remaining secrets. The app reads them through references. Secrets without a value stay as they are.
param name string
param location string
param principalId string
param publicAccess bool
param protect bool

@secure()
param storesSecretKey string

@secure()
param signingKey string

@secure()
param administratorToken string

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: name
  location: location
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 7
    // Once on, it stays on. The service does not accept false.
    enablePurgeProtection: protect ? true : null
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
    networkAcls: {
      defaultAction: publicAccess ? 'Allow' : 'Deny'
      bypass: 'None'
    }
  }
}

resource storesSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(storesSecretKey)) {
  parent: vault
  name: 'stores-secret-key'
  properties: {
    value: storesSecretKey
  }
}

resource signingSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(signingKey)) {
  parent: vault
  name: 'access-signing-key'
  properties: {
    value: signingKey
  }
}

resource administratorSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(administratorToken)) {
  parent: vault
  name: 'access-administrator-token'
  properties: {
    value: administratorToken
  }
}

// Key Vault Secrets User
resource reader 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, principalId, '4633458b-17de-408a-b874-0445c86b69e6')
  scope: vault
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4633458b-17de-408a-b874-0445c86b69e6')
  }
}

output id string = vault.id
output name string = vault.name
output uri string = vault.properties.vaultUri
