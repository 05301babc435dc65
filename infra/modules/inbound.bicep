// The app's own private endpoint, for callers inside the network.
param name string
param location string
param networkId string
param subnetId string
param appId string

module endpoint 'endpoint.bicep' = {
  name: 'endpoint-sites'
  params: {
    name: '${name}-sites'
    location: location
    networkId: networkId
    subnetId: subnetId
    targetId: appId
    group: 'sites'
    #disable-next-line no-hardcoded-env-urls
    zone: 'privatelink.azurewebsites.net'
  }
}
