// AssemblyScript's integer names, so that tsc can read assembly/abi/ as asc does.
declare type i32 = number;
declare type u32 = number;
declare type u64 = number;
