// The fields of a store's connection: how the service signs in comes first, and then only the fields of that.

import { h } from './dom.js';
import { EXAMPLES } from './examples.js';
import { field, folded } from './forms.js';

const WAYS = {
  key: 'Access key',
  role: 'Role, assumed with an access key',
  identity: 'The service’s own identity',
  none: 'None: the bucket is public',
};

/** A policy of the bucket, of the user or of the role has to allow these actions. */
const NEEDED =
  's3:ListBucket for the bucket and s3:GetObject for its objects. If the bucket keeps object versions, add s3:GetBucketVersioning, ' +
  's3:ListBucketVersions and s3:GetObjectVersion.';

const WORDS = {
  key: `The key’s user needs ${NEEDED}`,
  role: `The service signs in with an access key and then assumes a role. The key needs sts:AssumeRole, and the role needs ${NEEDED}`,
  identity:
    'No secret is stored. The service’s operator lists the roles and buckets that projects may use. System administrators may use ' +
    `any. The identity, or the role, needs ${NEEDED}`,
  none: 'Anybody on the internet can list and read this bucket (s3:ListBucket, s3:GetObject).',
};

/** The field that shows a refused connection, by the service's code. */
export const PLACES = {
  no_such_bucket: 'bucket',
  wrong_region: 'region',
  wrong_endpoint: 'endpoint_url',
  endpoint_refused: 'endpoint_url',
  bucket_unavailable: 'endpoint_url',
  invalid_credentials: 'access_key_id',
  role_refused: 'role_arn',
};

/** How a store signs in that is as it is. */
function wayOf({ access_key_id, role_arn, anonymous, endpoint_url }) {
  if (role_arn) return access_key_id ? 'role' : 'identity';
  return access_key_id ? 'key' : anonymous || endpoint_url ? 'none' : 'identity';
}

/**
 * `now` is the configuration of a store that is changed; null for a new one. Answers the nodes of the form, and
 * `configuration(values)`.
 */
export function connectionFields(now) {
  const text = (label, name, more) =>
    field({ label, name, value: now?.[name] ?? '', required: false, autocomplete: 'off', ...more });
  const way = field({
    label: 'How the service signs in',
    name: 'way',
    type: 'select',
    value: now ? wayOf(now) : 'key',
    options: Object.entries(WAYS).map(([value, label]) => ({ value, label })),
    onchange: show,
  });
  const words = h('p.hint');
  const role = text('Role', 'role_arn', { mono: true, placeholder: EXAMPLES.role });
  const key = text('Access key ID', 'access_key_id', { mono: true, required: true });
  const secret = text('Secret access key', 'secret_access_key', {
    value: '',
    type: 'password',
    autocomplete: 'new-password',
    required: !now?.access_key_id,
    hint: now?.access_key_id ? 'Leave it empty to keep it.' : 'Kept encrypted, and never shown again.',
  });
  const external = h(
    'div',
    folded('External ID', text('External ID', 'external_id', { hint: 'Only if the role’s trust policy asks for one.' })),
  );
  const pays = field({
    label: 'The reader pays for requests',
    name: 'requester_pays',
    type: 'checkbox',
    value: now?.requester_pays === true,
    hint: 'Only for buckets with “Requester Pays”.',
  });
  const keys = h('div.pair', key, secret);
  show();
  return {
    sign: [way, words, role, keys, external],
    place: h(
      'div.pair',
      text('Endpoint', 'endpoint_url', { mono: true, placeholder: EXAMPLES.endpoint, hint: 'Leave it empty for Amazon S3.' }),
      text('Region', 'region', { placeholder: EXAMPLES.region, hint: 'As the provider names it.' }),
    ),
    pays,
    configuration: values => ({
      region: values.region.trim(),
      endpoint_url: values.endpoint_url.trim(),
      access_key_id: (values.access_key_id ?? '').trim(),
      secret_access_key: values.secret_access_key ?? '',
      role_arn: (values.role_arn ?? '').trim(),
      external_id: (values.external_id ?? '').trim(),
      anonymous: values.way === 'none',
      requester_pays: values.way !== 'none' && values.requester_pays,
    }),
  };

  function show() {
    const chosen = way.value;
    words.textContent = WORDS[chosen];
    keys.hidden = chosen === 'identity' || chosen === 'none';
    role.hidden = external.hidden = chosen === 'key' || chosen === 'none';
    role.required = chosen === 'role';
    role.querySelector('.optional').hidden = role.required;
    pays.hidden = chosen === 'none';
  }
}
