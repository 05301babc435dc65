#if ISOLATED_WORKER
using DataRegistry.Functions.Worker;

await IsolatedWorker.RunAsync(args);
#else
using DataRegistry.Functions.Handler;

return await CustomHandler.RunAsync(args);
#endif
