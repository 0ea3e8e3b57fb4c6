import Server

ServerProgram.main(CommandLine.arguments)
