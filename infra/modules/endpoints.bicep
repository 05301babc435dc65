// Private endpoints of storage and vault, and their names in the network.
param name string
param location string
param networkId string
param subnetId string
param storageId string
param vaultId string

var targets = [
  {
    group: 'blob'
    id: storageId
    zone: 'privatelink.blob.${environment().suffixes.storage}'
  }
  {
    group: 'queue'
    id: storageId
    zone: 'privatelink.queue.${environment().suffixes.storage}'
  }
  {
    group: 'table'
    id: storageId
    zone: 'privatelink.table.${environment().suffixes.storage}'
  }
  {
    group: 'vault'
    id: vaultId
    #disable-next-line no-hardcoded-env-urls
    zone: 'privatelink.vaultcore.azure.net'
  }
]

module endpoint 'endpoint.bicep' = [
  for target in targets: {
    name: 'endpoint-${target.group}'
    params: {
      name: '${name}-${target.group}'
      location: location
      networkId: networkId
      subnetId: subnetId
      targetId: target.id
      group: target.group
      zone: target.zone
    }
  }
]
