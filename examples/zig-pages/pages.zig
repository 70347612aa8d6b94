//! Page views by page and day, from an archive of clicks, without an SDK: views, total and longest duration.
//!
//! `extern struct`s lie in memory as the contract's types do, so no bindings are generated: the functions at the end have the names
//! and the flat parameters of the canonical ABI (guest-sdk/CONTRACT.md).
const std = @import("std");
const is_wasm = @import("builtin").target.cpu.arch.isWasm();
const gpa = if (is_wasm) std.heap.wasm_allocator else std.heap.page_allocator;
/// Keys, until the accumulator is empty.
var kept = std.heap.ArenaAllocator.init(gpa);
/// Arguments and answers of a call, until the answer has been read.
var call = std.heap.ArenaAllocator.init(gpa);

const List = extern struct { ptr: ?*const anyopaque = null, len: u32 = 0 };
const Option = extern struct { some: u8 = 0, value: List = .{} };
const Column = extern struct { values: List = .{}, offsets: Option = .{}, validity: Option = .{} };
const Batch = extern struct { rows: u32, columns: List };
const Rejection = extern struct { row: u32, reason: List };
const Origin = extern struct { tag: u8 = 0, text: List };
const Input = extern struct { name: List, origin: Origin, kind: Kind, encoding: u8 = 0, nullable: bool = false };
const Condition = extern struct { path: List, any_of: List };
const Output = extern struct { name: List, kind: Kind, nullable: bool = false };
const Kind = enum(u8) { boolean, int64, float64, timestamp, date, utf8, binary, json };
const Descriptor = extern struct {
    name: List,
    version: List,
    inputs: List,
    only: List,
    event_time: Option,
    keys: List,
    states: List,
    views: List = .{},
    commutative: bool,
};
fn Result(T: type) type {
    return extern struct { failed: u8 = 0, ok: T };
}
comptime {
    if (is_wasm) std.debug.assert(@sizeOf(Column) == 32 and @sizeOf(Input) == 24 and @sizeOf(Descriptor) == 72);
}

fn text(comptime s: []const u8) List {
    return .{ .ptr = s.ptr, .len = s.len };
}
fn list(items: anytype) List {
    // An empty slice's pointer may be out of bounds, and the host refuses it.
    return .{ .ptr = if (items.len == 0) null else items.ptr, .len = @intCast(items.len) };
}
fn bytes(items: anytype) List {
    return list(std.mem.sliceAsBytes(items));
}
fn values(T: type, c: Column) [*]const T {
    return if (c.values.ptr) |p| @ptrCast(@alignCast(p)) else undefined;
}
fn failure(comptime message: []const u8) *anyopaque {
    return make(Result(List), .{ .failed = 1, .ok = text(message) });
}

const inputs = [_]Input{
    .{ .name = text("at"), .origin = .{ .text = text("ts") }, .kind = .timestamp },
    .{ .name = text("page"), .origin = .{ .text = text("page_id") }, .kind = .utf8 },
    .{ .name = text("duration_ms"), .origin = .{ .text = text("duration_ms") }, .kind = .int64 },
};
const types = [_]List{ text("page_view"), text("scroll") };
const only = [_]Condition{.{ .path = text("type"), .any_of = list(@as([]const List, &types)) }};
const keys = [_]Output{ .{ .name = text("page"), .kind = .utf8 }, .{ .name = text("day"), .kind = .date } };
const states = [_]Output{
    .{ .name = text("views"), .kind = .int64 },
    .{ .name = text("total_ms"), .kind = .int64 },
    .{ .name = text("longest_ms"), .kind = .int64, .nullable = true },
};

const Key = struct { page: []const u8, day: i32 };
/// Sums are exact while they are accumulated; `drain` refuses one that does not fit into 64 bits.
const Stats = struct { views: i64 = 0, total: i128 = 0, longest: i64 = std.math.minInt(i64) };
const Context = struct {
    pub fn hash(_: Context, k: Key) u32 {
        return @truncate(std.hash.Wyhash.hash(@as(u32, @bitCast(k.day)), k.page));
    }
    pub fn eql(_: Context, a: Key, b: Key, _: usize) bool {
        return a.day == b.day and std.mem.eql(u8, a.page, b.page);
    }
};
var state: std.ArrayHashMapUnmanaged(Key, Stats, Context, true) = .empty;
/// The states of a drain that is under way begin here.
var drained: usize = 0;

fn make(T: type, value: T) *T {
    const p = call.allocator().create(T) catch @trap();
    p.* = value;
    return p;
}
fn many(T: type, n: usize) []T {
    return call.allocator().alloc(T, n) catch @trap();
}

fn cabi_realloc(old: ?*anyopaque, old_size: usize, alignment: usize, size: usize) callconv(.c) ?*anyopaque {
    if (size == 0) return @ptrFromInt(alignment);
    const p = call.allocator().alignedAlloc(u8, .@"8", size) catch @trap();
    if (old) |from| @memcpy(p[0..@min(size, old_size)], @as([*]const u8, @ptrCast(from))[0..@min(size, old_size)]);
    return p.ptr;
}

fn open(_: ?*anyopaque, n: u32) callconv(.c) *anyopaque {
    if (n > 0) return failure("the pipeline takes no parameters");
    return make(Result(Descriptor), .{ .ok = .{
        .name = text("pages-zig"),
        .version = text("0.1.0"),
        .inputs = list(@as([]const Input, &inputs)),
        .only = list(@as([]const Condition, &only)),
        .event_time = .{ .some = 1, .value = text("at") },
        .keys = list(@as([]const Output, &keys)),
        .states = list(@as([]const Output, &states)),
        .commutative = true,
    } });
}

fn fold(rows: u32, columns_: [*]const Column, n: u32) callconv(.c) *anyopaque {
    const columns = columns_[0..n];
    if (drained > 0) return failure("events cannot be folded before the accumulator is drained");
    var rejected: std.ArrayList(Rejection) = .empty;
    const at = values(i64, columns[0]);
    const durations = values(i64, columns[2]);
    const pages = values(u8, columns[1]);
    const offsets: [*]const u32 = @ptrCast(@alignCast(columns[1].offsets.value.ptr));
    for (0..rows) |row| {
        const ms = durations[row];
        if (ms < 0) {
            rejected.append(call.allocator(), .{ .row = @intCast(row), .reason = text("the duration is negative") }) catch @trap();
            continue;
        }
        const key: Key = .{ .page = pages[offsets[row]..offsets[row + 1]], .day = @intCast(@divFloor(at[row], 86_400_000_000)) };
        const e = state.getOrPut(gpa, key) catch @trap();
        if (!e.found_existing) {
            e.key_ptr.page = kept.allocator().dupe(u8, key.page) catch @trap();
            e.value_ptr.* = .{};
        }
        e.value_ptr.views += 1;
        e.value_ptr.total += ms;
        e.value_ptr.longest = @max(e.value_ptr.longest, ms);
    }
    return make(Result(List), .{ .ok = list(rejected.items) });
}

fn drain(max: u32) callconv(.c) *anyopaque {
    const all_keys = state.keys();
    const all = state.values();
    const from = drained;
    const n = @min(max, all.len - from);
    var size: usize = 0;
    for (all_keys[from..][0..n]) |key| size += key.page.len;
    const page = many(u8, size);
    const offsets = many(u32, n + 1);
    const day = many(i32, n);
    const views = many(i64, n);
    const total = many(i64, n);
    const longest = many(i64, n);
    offsets[0] = 0;
    for (all_keys[from..][0..n], all[from..][0..n], 0..) |key, s, i| {
        day[i] = key.day;
        views[i] = s.views;
        total[i] = std.math.cast(i64, s.total) orelse return failure("total_ms: a sum does not fit into 64 bits");
        longest[i] = s.longest;
        @memcpy(page[offsets[i]..][0..key.page.len], key.page);
        offsets[i + 1] = offsets[i] + @as(u32, @intCast(key.page.len));
    }
    drained += n;
    if (drained == all.len) {
        state.clearRetainingCapacity();
        _ = kept.reset(.retain_capacity);
        drained = 0;
    }
    const columns = many(Column, 5);
    columns[0] = .{ .values = bytes(page), .offsets = .{ .some = 1, .value = bytes(offsets) } };
    columns[1] = .{ .values = bytes(day) };
    columns[2] = .{ .values = bytes(views) };
    columns[3] = .{ .values = bytes(total) };
    columns[4] = .{ .values = bytes(longest) };
    return make(Result(Batch), .{ .ok = .{ .rows = @intCast(n), .columns = list(columns) } });
}

fn identity() callconv(.c) *anyopaque {
    const zero = many(i64, 1);
    zero[0] = 0;
    const none = many(u8, 1);
    none[0] = 0;
    const columns = many(Column, 3);
    for (columns) |*c| c.* = .{ .values = bytes(zero) };
    columns[2].validity = .{ .some = 1, .value = bytes(none) };
    return make(Batch, .{ .rows = 1, .columns = list(columns) });
}

fn has(c: Column, i: usize) bool {
    if (c.validity.some == 0) return true;
    const v: [*]const u8 = @ptrCast(c.validity.value.ptr);
    return v[i / 8] >> @intCast(i % 8) & 1 == 1;
}
fn combine(n: u32, l_: [*]const Column, ln: u32, _: u32, r_: [*]const Column, rn: u32) callconv(.c) *anyopaque {
    const l = l_[0..ln];
    const r = r_[0..rn];
    const columns = many(Column, 3);
    for (0..2) |c| {
        const x = values(i64, l[c]);
        const y = values(i64, r[c]);
        const sum = many(i64, n);
        for (sum, 0..) |*s, i| s.* = std.math.add(i64, x[i], y[i]) catch return failure("a sum does not fit into 64 bits");
        columns[c] = .{ .values = bytes(sum) };
    }
    const x = values(i64, l[2]);
    const y = values(i64, r[2]);
    const longest = many(i64, n);
    const valid = many(u8, (n + 7) / 8);
    @memset(valid, 0);
    for (longest, 0..) |*v, i| {
        const p = has(l[2], i);
        const q = has(r[2], i);
        v.* = if (p and q) @max(x[i], y[i]) else if (p) x[i] else if (q) y[i] else 0;
        valid[i / 8] |= @as(u8, @intFromBool(p or q)) << @intCast(i % 8);
    }
    columns[2] = .{ .values = bytes(longest), .validity = .{ .some = 1, .value = bytes(valid) } };
    return make(Result(Batch), .{ .ok = .{ .rows = n, .columns = list(columns) } });
}

fn present(rows: u32, _: [*]const Column, _: u32) callconv(.c) *anyopaque {
    return make(Result(Batch), .{ .ok = .{ .rows = rows, .columns = .{} } });
}

/// After an answer was read: its memory, and that of the arguments, may be used again.
fn end(_: *anyopaque) callconv(.c) void {
    _ = call.reset(.retain_capacity);
}

comptime {
    if (is_wasm) exports();
}
fn exports() void {
    for (.{ "pipeline@0.1.0#open", "pipeline@0.1.0#fold", "pipeline@0.1.0#drain", "monoid@0.1.0#identity", "monoid@0.1.0#combine", "monoid@0.1.0#present" }) |name|
        @export(&end, .{ .name = "cabi_post_backfold:pipeline/" ++ name });
    @export(&cabi_realloc, .{ .name = "cabi_realloc" });
    @export(&open, .{ .name = "backfold:pipeline/pipeline@0.1.0#open" });
    @export(&fold, .{ .name = "backfold:pipeline/pipeline@0.1.0#fold" });
    @export(&drain, .{ .name = "backfold:pipeline/pipeline@0.1.0#drain" });
    @export(&identity, .{ .name = "backfold:pipeline/monoid@0.1.0#identity" });
    @export(&combine, .{ .name = "backfold:pipeline/monoid@0.1.0#combine" });
    @export(&present, .{ .name = "backfold:pipeline/monoid@0.1.0#present" });
}

fn ok(T: type, result: *anyopaque) !T {
    const got: *Result(T) = @ptrCast(@alignCast(result));
    try std.testing.expectEqual(0, got.failed);
    return got.ok;
}

test "views of a page on a day" {
    const day = 86_400_000_000;
    const at = [_]i64{ 0, day - 1, -1, 5 };
    const pages = "aabb";
    const cuts = [_]u32{ 0, 1, 2, 3, 4 };
    const ms = [_]i64{ 40, 60, 7, -1 };
    const events = [_]Column{
        .{ .values = bytes(&at) },
        .{ .values = list(@as([]const u8, pages)), .offsets = .{ .some = 1, .value = bytes(&cuts) } },
        .{ .values = bytes(&ms) },
    };
    const rejected = try ok(List, fold(4, &events, 3));
    try std.testing.expectEqual(1, rejected.len);
    try std.testing.expectEqual(3, @as([*]const Rejection, @ptrCast(@alignCast(rejected.ptr)))[0].row);
    const states_drained = try ok(Batch, drain(10));
    try std.testing.expectEqual(2, states_drained.rows);
    const columns: [*]const Column = @ptrCast(@alignCast(states_drained.columns.ptr));
    try std.testing.expectEqualSlices(i32, &.{ 0, -1 }, values(i32, columns[1])[0..2]);
    try std.testing.expectEqualSlices(i64, &.{ 100, 7 }, values(i64, columns[3])[0..2]);

    const sums = try ok(Batch, combine(2, columns + 2, 3, 2, columns + 2, 3));
    const combined: [*]const Column = @ptrCast(@alignCast(sums.columns.ptr));
    try std.testing.expectEqualSlices(i64, &.{ 200, 14 }, values(i64, combined[1])[0..2]);
    try std.testing.expectEqualSlices(i64, &.{ 60, 7 }, values(i64, combined[2])[0..2]);
    end(@constCast(combined));
}
