//! Every bound of the data plane, in one place, with the relations that must hold between them.

/// Alignment of every receive buffer and frame buffer, in bytes: a cache line, and the frame's padding.
pub const ALIGNMENT: usize = 64;

/// Bytes in one provided receive buffer.
pub const RECEIVE_BUFFER: usize = 64 * 1024;

/// Number of provided receive buffers a shard. A power of two: they live in a ring that the kernel indexes by mask.
pub const RECEIVE_BUFFERS: u16 = 64;

/// Longest piece of received bytes that is handed over as one, in bytes, where neighbouring receive buffers were filled.
pub const RECEIVE_PIECE: usize = 1 << 20;

/// Largest length of a [`FrameBuffer`](crate::driver::FrameBuffer), in bytes: a frame's header and its largest payload.
pub const FRAME_BUFFER: usize = (1 << 20) + 64;

/// From this many receive buffers' worth of missing bytes on, the rest of a frame is received straight into its own
/// buffer; below, it is copied out of receive buffers, which is cheaper than cancelling and restarting the multishot
/// receive.
pub const DIRECT_RECEIVE: usize = 2;

/// Receives after a large frame for which a connection's receive buffers are filled one at a time.
pub const BULK_MEMORY: u32 = 16;

/// Connections a shard.
pub const CONNECTIONS: usize = 4096;

/// Listeners a shard.
pub const LISTENERS: usize = 4;

/// Connections waiting in one listener's queue in the kernel.
pub const ACCEPT_BACKLOG: i32 = 1024;

/// Bytes that may wait to be sent on one connection, those in flight included.
pub const OUTGOING: usize = 8 << 20;

/// Send buffers kept for reuse a shard.
pub const SPARE_BUFFERS: usize = 64;

/// Largest capacity of a send buffer that is kept for reuse, in bytes.
pub const SPARE_BUFFER: usize = 64 * 1024;

/// Room for texts of matches that is kept for the next step, in bytes.
pub const SPARE_TEXT: usize = 64 * 1024;

/// How long a finishing connection may take to flush and to see its peer close, in milliseconds.
pub const LINGER_MILLIS: u64 = 2_000;

/// Bytes that a finishing connection reads and discards while it waits for its peer to close.
pub const LINGER_BYTES: usize = 4 << 20;

/// Pause before accepting again after the system ran out of descriptors or memory, in milliseconds.
pub const ACCEPT_RETRY_MILLIS: u64 = 100;

/// Completions taken from the ring in one turn.
pub const COMPLETIONS: usize = 512;

/// Entries of the submission queue.
pub const SUBMISSION_QUEUE: u32 = 512;

/// Entries of the completion queue.
pub const COMPLETION_QUEUE: u32 = 4096;

/// Descriptors that one turn of the epoll driver learns about.
pub const READY_DESCRIPTORS: usize = 256;

/// Receive buffers that one connection may fill before the others have their turn (epoll; `io_uring` has its own bound).
pub const RECEIVE_BURST: usize = 4;

/// Connections that one listener may accept before the others have their turn (epoll).
pub const ACCEPT_BURST: usize = 16;

/// How long shutting a ring down waits for the kernel to give back what is in flight, in milliseconds. What is not
/// given back by then is leaked, never freed.
pub const DRAIN_MILLIS: u64 = 1_000;

/// Shortest busy wait before a shard sleeps, in nanoseconds.
pub const SPIN_SHORTEST_NANOS: u64 = 1_000;

/// Longest busy wait before a shard sleeps, in nanoseconds.
pub const SPIN_LONGEST_NANOS: u64 = 50_000;

/// Shards of one process.
pub const SHARDS: usize = 256;

/// Events of the driver that one turn of a worker takes.
pub const EVENTS_A_TURN: usize = 64;

/// Bytes of matches for subscribers from which on a turn takes no more events of connections in: first they are sent. Else one that
/// reads as fast as it can would be cut for what it had no chance to read, and what has waited longest would wait for all behind it.
pub const TOLD_A_TURN: usize = 32 * 1024;

/// Messages of other shards that one turn of a worker takes.
pub const MESSAGES_A_TURN: usize = 64;

/// Commands of the control plane that one turn of a worker takes.
pub const COMMANDS_A_TURN: usize = 32;

/// Messages that wait in the ring from one shard to another.
pub const EXCHANGE: usize = 64;

/// Matches that a step tells before they go to the outbox, while it tells the others.
pub const DISPATCHED_AT_ONCE: usize = 256;

/// Portions of at most [`DISPATCHED_AT_ONCE`] matches that wait in one shard's outbox.
pub const OUTBOX: usize = 4096;

/// Matches in one shard's outbox from which on the plane takes no more events in.
pub const OUTBOX_MATCHES: usize = 64 * 1024;

/// Commands that wait in one shard's mailbox.
pub const MAILBOX: usize = 1024;

/// Batches of the control plane that wait for one shard, in its mailbox and with the shard.
pub const SUBMISSIONS: usize = 512;

/// Reports that the control plane has asked for and not yet got.
pub const REPORTS: usize = 16;

/// Rows that a connection may have under way: sent, and not yet acknowledged with new credit.
pub const CREDIT: u32 = 64 * 1024;

/// Streams whose high water is remembered; of those without a connection the one longest without is forgotten first.
pub const STREAMS: usize = 64 * 1024;

/// Subscriptions of one connection.
pub const SUBSCRIPTIONS: usize = 64;

/// Bytes of declared event types that the connections of one shard hold, by the length of their names and a constant
/// for each.
pub const DECLARED: usize = 64 << 20;

/// Bytes of frame buffers that one shard lends to its connections.
pub const LENT_FRAMES: usize = 64 << 20;

/// Bytes of frame buffers that one shard keeps for the next frame.
pub const SPARE_FRAMES: usize = 8 << 20;

/// Bytes of a connection's first frame: the largest HELLO, and what later versions may add to it.
pub const FIRST_FRAME: usize = 8 * 1024;

/// Bytes that wait to be sent on a connection from which on it gets no more matches and is cut.
pub const SLOW_SUBSCRIBER: usize = OUTGOING - 64 * 1024;

/// How long a connection may take to introduce itself, in milliseconds.
pub const HANDSHAKE_MILLIS: u64 = 10_000;

/// How long a frame that has begun may take to be whole, in milliseconds.
pub const FRAME_MILLIS: u64 = 30_000;

/// Longest latency that a histogram tells apart, in nanoseconds; longer ones count as this one.
pub const LONGEST_LATENCY_NANOS: u64 = 60_000_000_000;

const _: () = {
    assert!(ALIGNMENT.is_power_of_two());
    assert!(RECEIVE_BUFFER.is_multiple_of(ALIGNMENT));
    assert!(RECEIVE_BUFFERS.is_power_of_two() && RECEIVE_BUFFERS <= 1 << 15);
    assert!(FRAME_BUFFER.is_multiple_of(ALIGNMENT));
    // What waits on a connection that is paused is copied into a buffer of its own.
    assert!(RECEIVE_BUFFER <= RECEIVE_PIECE && RECEIVE_PIECE <= FRAME_BUFFER);
    assert!(DIRECT_RECEIVE >= 1 && DIRECT_RECEIVE * RECEIVE_BUFFER < FRAME_BUFFER);
    // A whole frame always fits an empty connection's outgoing bytes.
    assert!(OUTGOING >= FRAME_BUFFER);
    assert!(LINGER_BYTES >= FRAME_BUFFER);
    // Slots are named in the upper half of a completion's user data, and by `i32` in the kernel's file table.
    assert!(CONNECTIONS + LISTENERS <= i32::MAX as usize);
    // One turn never takes more than the kernel can hold.
    assert!(COMPLETIONS <= COMPLETION_QUEUE as usize);
    assert!(SUBMISSION_QUEUE <= COMPLETION_QUEUE);
    assert!(SPIN_SHORTEST_NANOS <= SPIN_LONGEST_NANOS);
    // A mailbox has room for what its senders count: batches, reports, a reload and the stop.
    assert!(MAILBOX.is_power_of_two() && SUBMISSIONS + REPORTS + 2 <= MAILBOX);
    // The largest batch can always be sent, and half the credit comes back while the other half is under way.
    assert!(CREDIT as usize >= 2 * trapjaw_event::limits::MAX_ROWS);
    assert!(trapjaw_event::limits::MAX_FRAME <= FRAME_BUFFER);
    // The largest batch fits an empty tap.
    assert!(trapjaw_event::limits::MAX_BATCH <= TAP_BYTES);
    assert!(LENT_FRAMES >= FRAME_BUFFER && SPARE_FRAMES >= FRAME_BUFFER);
    // A HELLO whose texts are as long as they may be, with header and padding.
    assert!(
        FIRST_FRAME
            >= 64
                + (64 + trapjaw_wire::limits::MAX_TOKEN + trapjaw_wire::limits::MAX_PEER_NAME)
                    .next_multiple_of(64)
    );
    // Behind the last match there is still room to say why the connection is cut.
    assert!(OUTGOING - SLOW_SUBSCRIBER >= 4 * trapjaw_wire::limits::MAX_REASON);
};

/// Events that came too late and can be looked at, on one shard.
pub const LATE_EVENTS: usize = 128;

/// Bytes of these.
pub const LATE_BYTES: usize = 1 << 20;

/// Taps at one time.
pub const TAPS: usize = 8;

/// Bytes of batches that wait for who looks on by one tap.
pub const TAP_BYTES: usize = 8 << 20;

/// How often a shard on which rows wait for the watermark looks how far it has come, while any stream is live.
pub const WATERMARK_MILLIS: u64 = 5;
