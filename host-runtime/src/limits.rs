//! Every limit that the host sets on a plugin, in one table, each with its reason.
//!
//! What an administrator grants to one plugin (memory, seconds, storage) is in [`Grants`](crate::plugin::Grants); here are the
//! ceilings above all grants and the sizes that no grant changes.

use std::time::Duration;

/// Calls of plugins that may be live at the same time, over all plugins. A mail page makes a handful of calls of a few
/// milliseconds, so 64 serve hundreds of people; each live call costs about 140 kB and a pool slot.
pub const LIVE_CALLS: usize = 64;

/// Pool slots beyond [`LIVE_CALLS`]: a dropped store may give its slot back a moment after its permit.
pub const SPARE_SLOTS: u32 = 8;

/// How long a call waits for a permit before it is told [`CallError::Busy`](crate::plugin::CallError::Busy): longer than a burst,
/// shorter than a person's patience.
pub const PERMIT_WAIT: Duration = Duration::from_millis(500);

/// What a busy host tells its callers to wait.
pub const BUSY_RETRY_AFTER: Duration = Duration::from_secs(1);

/// Jobs that run at the same time, and as many again that take long: half of the live calls at most, so that jobs never keep a person
/// waiting.
pub const LIVE_JOBS: usize = LIVE_CALLS / 4;

/// A job that runs longer than this takes long. Those that are made well end after 3 s, and with the step that they are in.
pub const JOB_PATIENCE: Duration = Duration::from_secs(5);

/// Between two increments of the engine's epoch: the longest that a computing guest keeps a thread to itself.
pub const EPOCH_TICK: Duration = Duration::from_millis(10);

/// Largest memory that can be granted. A sync step holds one page of messages with their bodies, decoded and encoded, which
/// stays well below 200 MiB with attachments of 25 MB.
pub const MEMORY_CEILING: u64 = 512 << 20;

/// Memory of a plugin whose manifest doesn't say.
pub const MEMORY_DEFAULT: u64 = 64 << 20;

/// Longest call that can be granted, in seconds. Work that takes longer belongs into several job runs.
pub const CALL_SECONDS_CEILING: u32 = 300;

/// Call time of a plugin whose manifest doesn't say, in seconds.
pub const CALL_SECONDS_DEFAULT: u32 = 30;

/// For `lifecycle.describe`, which only answers constants.
pub const DESCRIBE_TIME: Duration = Duration::from_secs(5);

/// Longest time that inspecting and enabling may take before the host stops waiting for the plugin.
pub const LIFECYCLE_TIME: Duration = Duration::from_secs(60);

/// Largest component that is accepted. The Email manager has about 3 MB with its pages; compiling costs about half a second per
/// megabyte.
pub const COMPONENT_BYTES: usize = 64 << 20;

/// The archive of a plugin's pages. The Email manager's has less than 1 MB.
pub const PAGES_ARCHIVE_BYTES: usize = 16 << 20;

/// All files of a plugin's pages, unpacked: they are kept in memory while the plugin is enabled.
pub const PAGES_BYTES: usize = 32 << 20;

/// Files of a plugin's pages. A page that is cut into a chunk for each thing that it can do has about a hundred.
pub const PAGES_FILES: usize = 500;

/// Linear memories of one instance, tables of one instance: a component made by `wasm-component-ld` has one memory and two tables.
pub const MEMORIES_PER_CALL: u32 = 4;
/// See [`MEMORIES_PER_CALL`].
pub const TABLES_PER_CALL: u32 = 8;
/// Core instances of one component: the module, its shims and adapters.
pub const CORE_INSTANCES_PER_CALL: u32 = 16;
/// Elements of one table: function pointers of the largest guests stay below 20,000.
pub const TABLE_ELEMENTS: usize = 50_000;

/// Memory that a pool slot keeps between calls, so that a trivial call costs no page faults (17 µs instead of 39 µs): of tables and stacks, and of linear
/// memory where the system can't say which pages were written. More would be cleared after every call.
pub const KEEP_RESIDENT: usize = 64 << 10;

/// Linear memory that a pool slot keeps at most, of what its calls wrote, where the system can say which pages those are; otherwise [`KEEP_RESIDENT`]. For
/// every slot that was ever used, so that the host grows by as much with the calls that it ran at once.
pub const KEEP_WRITTEN: usize = 1 << 20;

/// Bytes that one host call may copy out of the guest: a batch of 8 MiB with the overhead of its typed values.
pub const HOST_CALL_COPY: usize = 64 << 20;

/// Handles (streams, requests, pollables) that one call may hold open.
pub const HANDLES: usize = 1_000;

/// Standard output and error that are kept of one call, for the fault report.
pub const CAPTURED_OUTPUT: usize = 16 << 10;

/// Lines that one call may write to the host's log; the rest is counted.
pub const LOG_LINES: u32 = 200;

/// Bytes of one log line with its fields.
pub const LOG_LINE_BYTES: usize = 4 << 10;

/// Host calls that a trace keeps.
pub const TRACE_ENTRIES: usize = 10_000;

/// Faults in a row after which a plugin is flagged broken and stopped.
pub const FAULTS_UNTIL_BROKEN: u32 = 5;

/// Locks that one call may hold.
pub const LOCKS_PER_CALL: usize = 16;

/// Batches of one call that may be on their way at once, each of at most 8 MiB: the figure of `storage.submit`.
pub const SUBMISSIONS_PER_CALL: usize = 4;

/// Connections (and requests under way) to one host and port, by one plugin.
pub const REQUESTS_PER_HOST: usize = 32;

/// Idle connections kept for one host: all that may be busy, since closing those of a burst opens as many again in the next.
pub const IDLE_PER_HOST: usize = REQUESTS_PER_HOST;

/// How long an idle connection is kept: below the 60 s after which common load balancers silently forget it.
pub const IDLE_TIME: Duration = Duration::from_secs(50);

/// To resolve, connect and shake hands.
pub const CONNECT_TIME: Duration = Duration::from_secs(10);

/// Until the response's head. Providers answer large listings within 30 s.
pub const FIRST_BYTE_TIME: Duration = Duration::from_secs(60);

/// Between two pieces of a response's body.
pub const BETWEEN_BYTES_TIME: Duration = Duration::from_secs(30);

/// A request body that is gathered to be sent with its length. One that states its length is streamed instead.
pub const BUFFERED_REQUEST_BYTES: u64 = 16 << 20;

/// A request body: the largest upload that the providers take in one piece is 60 MiB.
pub const REQUEST_BYTES: u64 = 64 << 20;

/// A response body: a message of 50 MB in base64 within JSON, doubled.
pub const RESPONSE_BYTES: u64 = 128 << 20;
/// Of a response, so many bytes are read before the plugin asks for them: a batch of ordinary mail.
pub const READ_AHEAD_BYTES: u64 = 2 << 20;

/// How long a job belongs to a runner without a sign of life.
pub const JOB_LEASE: Duration = Duration::from_secs(30);

/// Between two signs of life: three may get lost.
pub const JOB_HEARTBEAT: Duration = Duration::from_secs(8);

/// How long the runner pauses when the store can't hand out jobs.
pub const JOB_IDLE_POLL: Duration = Duration::from_secs(5);

/// Between two rounds of throwing away what is past its time.
pub const HOUSEKEEPING: Duration = Duration::from_secs(300);

/// How long stopping waits for running jobs and calls before they are abandoned (they are made to be repeated).
pub const STOP_TIME: Duration = Duration::from_secs(20);
