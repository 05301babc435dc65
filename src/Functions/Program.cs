using DataRegistry.Functions.Handler;

return await CustomHandler.RunAsync(args);
