// Every example that the console shows, in hints and in empty fields. A test tries each of them: the service accepts what it is shown.

export const EXAMPLES = {
  alias: 'training-set-latest',
  tag: 'train',
  properties: '{"site": "berlin", "frames": 1200}',
  exclude: '**/*.tmp',
  include: 'datasets/**/*.parquet',
  prefix: 'datasets/',
  wildcard: 'datasets/**/*.parquet',
  manifest: 'lists/all.txt',
  schedules: ['off', '24h', '7d', '0 30 3 * * *'],
  region: 'eu-west-1',
  endpoint: 'https://s3.example.org',
  role: 'arn:aws:iam::123456789012:role/reader',
  volume: 'street-scenes',
};
