import Glibc
import NIOCore
import VersionedStore

/// One connection: the only handler of its NIO channel.
///
/// Input is given on as it comes. Output is written with a plain `send` while nothing is queued, which is nearly always:
/// a trip through NIO's queue would copy it and cost about as much as the rest of a small command.
final class Connection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// Queued output goes in pieces of this size, so that what is sent of it is seen before all is.
  private static let pieceSize = 1 << 20

  private let transport: Transport
  private var context: ChannelHandlerContext?
  private var descriptor: CInt = -1
  /// Nil until the engine has accepted the connection, and again after it is closed.
  var id: ConnectionID?
  /// Bytes queued in NIO.
  private(set) var unsent = 0
  /// The engine wants no more input, and the connection closed once all is sent.
  private var isClosing = false

  init(transport: Transport) { self.transport = transport }

  // MARK: From NIO

  func channelActive(context: ChannelHandlerContext) {
    self.context = context
    let channel = context.channel
    descriptor =
      (try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 }) ?? -1
    let info = ConnectionInfo(
      remote: channel.remoteAddress, local: channel.localAddress, fileDescriptor: Int(descriptor))
    if case .refused(let reason) = transport.admit(self, info) {
      isClosing = true
      reason.withBytes { _ = write($0) }
      context.close(promise: nil)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard let id, !isClosing else { return }
    unsafe unwrapInboundIn(data).withUnsafeReadableBytes { unsafe transport.received(Bytes($0), from: id) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard let event = event as? ChannelEvent, event == .inputClosed, let id, !isClosing else { return }
    transport.peerClosed(id)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  func channelInactive(context: ChannelHandlerContext) {
    self.context = nil
    if let id { transport.closed(id) }
    id = nil
  }

  // MARK: From the transport

  /// Sends `bytes`, all of which are taken over; answers the bytes that wait to be sent.
  func send(_ bytes: Bytes) -> Int {
    guard context != nil, !isClosing, bytes.count > 0 else { return unsent }
    var sent = 0
    if unsent == 0 {
      guard let count = write(bytes) else {
        // The peer is gone. NIO will see it too, but perhaps not before more is written.
        isClosing = true
        transport.leave(self)
        return 0
      }
      sent = count
    }
    if sent < bytes.count { queue(bytes[sent..<bytes.count]) }
    return unsent
  }

  func closeWhenSent() {
    guard !isClosing else { return }
    isClosing = true
    // What the peer still sends would only fill memory.
    if unsent == 0 { transport.leave(self) } else { stopReading() }
  }

  func closeChannel() { context?.close(promise: nil) }

  private func stopReading() {
    try? context?.channel.syncOptions?.setOption(.autoRead, value: false)
  }

  /// Bytes that the kernel took, or nil when the connection is broken.
  private func write(_ bytes: Bytes) -> Int? {
    while true {
      let count = unsafe bytes.withUnsafeBytes { raw in
        unsafe Glibc.send(descriptor, raw.baseAddress, raw.count, CInt(MSG_NOSIGNAL))
      }
      if count >= 0 { return count }
      switch errno {
      case EINTR: continue
      case EAGAIN: return 0
      default: return nil
      }
    }
  }

  private func queue(_ bytes: Bytes) {
    guard let context else { return }
    var rest = bytes
    while rest.count > 0 {
      let piece = rest[0..<min(rest.count, Self.pieceSize)]
      rest = rest[piece.count..<rest.count]
      var buffer = context.channel.allocator.buffer(capacity: piece.count)
      unsafe piece.withUnsafeBytes { _ = unsafe buffer.writeBytes($0) }
      unsent += piece.count
      let sent = context.eventLoop.makePromise(of: Void.self)
      sent.futureResult.assumeIsolated().whenSuccess { self.queued(piece.count) }
      context.write(wrapOutboundOut(buffer), promise: sent)
    }
    context.flush()
  }

  private func queued(_ count: Int) {
    unsent -= count
    if unsent == 0, isClosing { transport.leave(self) } else if let id { transport.drained(id, unsent: unsent) }
  }
}
