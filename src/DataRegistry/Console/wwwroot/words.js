// Sentences that several pages say.

/** The word comes first. */
export const DATUM =
  'A datum is a file in a bucket that was adopted: it has an ID of its own and a record of its exact content, ' +
  'while the file stays where it is.';

export const DRIFT =
  'Drift tells whether the bucket still holds what was adopted: none, changed, missing, or unknown before the first rescan.';

/** The service's advice for programs, in what there is to choose here. */
export function inConsoleWords(message) {
  return message
    ?.replace(/send (.+?),? as 'prefix' in place of 'url'/g, 'adopt $1 by “Folder or pattern”')
    .replaceAll('Adopt it again with "adopt_changed": true, which makes a new datum', 'Adopt the file again as a new datum')
    .replaceAll('Delete it with ?force=true: they', 'They')
    .replace(/\?force=true|force=true/g, '“Rescan the empty bucket”');
}
