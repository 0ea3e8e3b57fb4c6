import Glibc
import Server

exit(await ServerProgram.run(CommandLine.arguments))
