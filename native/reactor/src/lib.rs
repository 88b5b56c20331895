//! The reactor of a gateway: sockets on one side, the memory of a gateway kernel on the other. It knows connections and bytes, no protocol.
