//! The data plane: one thread per core, io_uring or epoll, connections, exchange between shards.
