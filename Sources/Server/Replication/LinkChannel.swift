import NIOCore
import NIOTLS

/// One connection of a link: the handler of its NIO channel, behind the one for TLS if it has that. It bears the number of
/// the attempt that it was opened for, so that what an old connection still has to say cannot be taken for the new one's.
final class LinkChannel: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let driver: LinkDriver
  private let attempt: Int
  private let isSecure: Bool
  private var failure: (any Error)?

  init(_ driver: LinkDriver, attempt: Int, isSecure: Bool) {
    self.driver = driver
    self.attempt = attempt
    self.isSecure = isSecure
  }

  func channelActive(context: ChannelHandlerContext) {
    driver.established(context.channel, attempt)
    if !isSecure { driver.opened(attempt) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case TLSUserEvent.handshakeCompleted = event { driver.opened(attempt) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) { driver.read(unwrapInboundIn(data), attempt) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // What came first is the cause.
    failure = failure ?? error
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    driver.closed(failure.map(LinkDriver.reason) ?? "connection lost", attempt)
  }
}
