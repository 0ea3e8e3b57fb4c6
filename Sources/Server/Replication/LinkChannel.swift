import NIOCore

/// One connection of a link: the only handler of its NIO channel. It bears the number of the attempt that it was opened
/// for, so that what an old connection still has to say cannot be taken for the new one's.
final class LinkChannel: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let driver: LinkDriver
  private let attempt: Int
  private var failure: (any Error)?

  init(_ driver: LinkDriver, attempt: Int) {
    self.driver = driver
    self.attempt = attempt
  }

  func channelActive(context: ChannelHandlerContext) { driver.opened(context.channel, attempt) }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) { driver.read(unwrapInboundIn(data), attempt) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    failure = error
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    driver.closed(failure.map(LinkDriver.reason) ?? "connection lost", attempt)
  }
}
