// A server takes one connection a component and one application service a registration: scenarios run one after another.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
