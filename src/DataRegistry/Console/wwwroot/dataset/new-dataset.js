import { api } from '../api.js';
import { EXAMPLES } from '../examples.js';
import { field, form } from '../forms.js';
import { needing } from '../rights.js';

/** `done(dataset)` gets what is created. `root` is proposed. */
export function newDatasetForm({ project, signal, done, cancel = null, root = '' }) {
  return form(
    [
      field({
        label: 'Name',
        name: 'name',
        required: true,
        autocomplete: 'off',
        hint: 'Programs name a version as dataset://name/version.',
      }),
      field({
        label: 'Root',
        name: 'root',
        required: false,
        mono: true,
        autocomplete: 'off',
        placeholder: EXAMPLES.root,
        value: root,
        hint: `The folder that paths leave out: ${EXAMPLES.root}cat/1.png becomes cat/1.png. It cannot be changed later.`,
      }),
    ],
    {
      submit: 'Create',
      ...(cancel && { cancel }),
      onsubmit: async values =>
        done(
          await needing(
            'data_edit',
            api.post(
              '/api/v0/datasets/',
              { name: values.name.trim(), root: values.root.trim() || null, project: project.id },
              { signal },
            ),
          ),
        ),
    },
  );
}
