// What jobs there are, by the part of the address that names them.
export const JOB_KINDS = {
  adoptions: { path: '/api/v0/adoptions/', one: 'Adoption', many: 'Adoptions' },
};

export const STATUSES = ['accepted', 'running', 'cancelling', 'completed', 'cancelled', 'failed'];
